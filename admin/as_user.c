#include "admin/as_user.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

struct outcome {
	bool good;
	struct fault fault;
};

/* A pipe can take this much at once. */
enum { ANSWER_MAX = 4096 - sizeof(struct outcome) };

/* In the same order as Postfix (chroot_uid): user names are looked up outside the chroot. */
static bool
become(const struct as_user *who, struct fault *fault)
{
	const char *directory = who->directory == NULL ? "/" : who->directory;
	const struct passwd *entry = getpwnam(who->user);

	if (entry == NULL)
		return fault_set(fault, FAULT_CONFIG, "there is no user %s", who->user);
	if (chdir(directory) != 0)
		return fault_set(fault, FAULT_CONFIG, "going to %s: %s", directory,
				 strerror(errno));
	return geteuid() != 0 ||
	       (setgid(entry->pw_gid) == 0 && initgroups(who->user, entry->pw_gid) == 0 &&
		(!who->is_chroot || (chroot(".") == 0 && chdir("/") == 0)) &&
		setuid(entry->pw_uid) == 0) ||
	       fault_set(fault, FAULT_CONFIG, "changing to the user %s: %s", who->user,
			 strerror(errno));
}

static _Noreturn void
work_and_tell(const struct as_user *who, as_user_work *work, void *context,
	      const struct iovec *answer, int pipe)
{
	struct outcome outcome = {0};
	const struct iovec parts[] = {{&outcome, sizeof outcome}, *answer};

	alarm(who->seconds);
	/* If we are killed, it must not go on alongside the next run. */
	outcome.good = become(who, &outcome.fault) && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
		       work(context, &outcome.fault);
	fflush(stdout);
	_exit(writev(pipe, parts, 2) == (ssize_t)(sizeof outcome + answer->iov_len) ? 0 : 1);
}

static bool
hear(pid_t child, int pipe, struct outcome *outcome, const struct iovec *answer)
{
	const struct iovec parts[] = {{outcome, sizeof *outcome}, *answer};
	ssize_t length;

	do
		length = readv(pipe, parts, 2);
	while (length < 0 && errno == EINTR);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return length == (ssize_t)(sizeof *outcome + answer->iov_len);
}

bool
as_user(const struct as_user *who, as_user_work *work, void *context, void *answer, size_t length,
	struct fault *fault)
{
	const struct iovec there = {answer, length};
	struct outcome outcome;
	int ends[2];
	pid_t child;
	bool heard;

	g_return_val_if_fail(length <= ANSWER_MAX, false);
	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return fault_set(fault, FAULT_STORAGE, "starting a process: %s", strerror(errno));
	child = fork();
	if (child == 0)
		work_and_tell(who, work, context, &there, ends[1]);
	close(ends[1]);
	heard = child > 0 && hear(child, ends[0], &outcome, &there);
	close(ends[0]);
	if (!heard)
		return fault_set(fault, FAULT_STORAGE,
				 "working as the user %s: the process ended, or took too long",
				 who->user);
	*fault = outcome.fault;
	return outcome.good;
}
