#include "delivery/methods/pgp/pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IDLE_MAX = 32 };

struct gpg_worker {
	pid_t pid; /* and its process group */
	int socket;
};

static struct {
	GMutex lock;
	GQueue idle; /* struct gpg_worker, the last one used first */
	char *program, *gpg, *home, *seconds;
} workers = {.idle = G_QUEUE_INIT};

/* postseal-gpg stands beside our own program, or where it was installed. */
static char *
find_program(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = self == NULL ? NULL : g_path_get_dirname(self);
	g_autofree char *beside =
		folder == NULL ? NULL : g_build_filename(folder, "postseal-gpg", NULL);

	if (beside != NULL && access(beside, X_OK) == 0)
		return g_steal_pointer(&beside);
	return g_build_filename(POSTSEAL_LIBEXECDIR, "postseal-gpg", NULL);
}

void
gpg_workers_start(const struct settings *settings)
{
	workers.program = find_program();
	workers.gpg = g_strdup(settings->gpg_program);
	workers.home = g_strdup(settings->gpg_home);
	workers.seconds = g_strdup_printf("%" G_GUINT64_FORMAT, settings->gpg_seconds);
}

/* --- one of them --- */

/* With none of our signals blocked or ignored, in a group of its own. */
static int
spawn(pid_t *pid_r, int socket)
{
	char *arguments[] = {workers.program, workers.gpg, workers.home, workers.seconds, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, socket, STDIN_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	error = posix_spawn(pid_r, workers.program, &files, &attributes, arguments, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return error;
}

static struct gpg_worker *
worker_new(struct fault *fault)
{
	struct gpg_worker *worker;
	int ends[2], error;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		fault_set(fault, FAULT_CRYPTO, "starting %s: %s", workers.program, strerror(errno));
		return NULL;
	}
	error = spawn(&pid, ends[1]);
	close(ends[1]);
	if (error != 0) {
		close(ends[0]);
		fault_set(fault, FAULT_CRYPTO, "starting %s: %s", workers.program, strerror(error));
		return NULL;
	}
	worker = g_new(struct gpg_worker, 1);
	*worker = (struct gpg_worker){.pid = pid, .socket = ends[0]};
	return worker;
}

static void
worker_end(struct gpg_worker *worker)
{
	close(worker->socket);
	kill(-worker->pid, SIGKILL);
	while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
		;
	g_free(worker);
}

/* One that waits has nothing to say. */
static bool
is_alive(const struct gpg_worker *worker)
{
	struct pollfd watched = {.fd = worker->socket, .events = POLLIN};

	return poll(&watched, 1, 0) == 0;
}

/* --- all of them --- */

struct gpg_worker *
gpg_worker_take(struct fault *fault)
{
	struct gpg_worker *worker;

	for (;;) {
		g_mutex_lock(&workers.lock);
		worker = g_queue_pop_head(&workers.idle);
		g_mutex_unlock(&workers.lock);
		if (worker == NULL)
			return worker_new(fault);
		if (is_alive(worker))
			return worker;
		worker_end(worker);
	}
}

int
gpg_worker_socket(const struct gpg_worker *worker)
{
	return worker->socket;
}

void
gpg_worker_give(struct gpg_worker *worker, bool well)
{
	g_mutex_lock(&workers.lock);
	if (well && g_queue_get_length(&workers.idle) < IDLE_MAX) {
		g_queue_push_head(&workers.idle, worker);
		worker = NULL;
	}
	g_mutex_unlock(&workers.lock);
	if (worker != NULL)
		worker_end(worker);
}
