#include "admin/setup/as_user.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/daemon.h"

struct outcome {
	bool good;
	unsigned changes, unsettled;
	struct fault fault;
};

static void
work_and_tell(const char *user, struct setup *setup, setup_work *work, const void *context,
	      int pipe)
{
	struct outcome outcome = {0};

	/* Not beside the next run, where ours is killed. */
	outcome.good = daemon_drop_privileges(user, &outcome.fault) && chdir("/") == 0 &&
		       prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
		       work(setup, context, &outcome.fault);
	outcome.changes = setup->changes;
	outcome.unsettled = setup->unsettled;
	fflush(stdout);
	_exit(write(pipe, &outcome, sizeof outcome) == sizeof outcome ? 0 : 1);
}

/* A pipe takes as much at once. */
G_STATIC_ASSERT(sizeof(struct outcome) <= 4096);

static bool
hear(pid_t child, int pipe, struct outcome *outcome)
{
	ssize_t length = read(pipe, outcome, sizeof *outcome);

	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return length == sizeof *outcome;
}

bool
as_user(const char *user, struct setup *setup, setup_work *work, const void *context,
	struct fault *fault)
{
	struct outcome outcome;
	int ends[2];
	pid_t child;
	bool heard;

	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return fault_set(fault, FAULT_STORAGE, "starting a process: %s", strerror(errno));
	child = fork();
	if (child == 0)
		work_and_tell(user, setup, work, context, ends[1]);
	close(ends[1]);
	heard = child > 0 && hear(child, ends[0], &outcome);
	close(ends[0]);
	if (!heard)
		return fault_set(fault, FAULT_STORAGE, "working as the user %s: the process ended",
				 user);
	setup->changes = outcome.changes;
	setup->unsettled = outcome.unsettled;
	*fault = outcome.fault;
	return outcome.good;
}
