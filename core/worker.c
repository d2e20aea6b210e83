#include "core/worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct worker {
	struct worker_pool *pool;
	pid_t pid; /* and its process group */
	int socket;
};

struct worker_pool {
	GMutex lock;
	GQueue idle; /* struct worker, the last one used first */
	struct places *places;
	bool owns_places;
	unsigned idle_max;
	char *program;
	char **arguments, **environment;
};

char *
worker_find_program(const char *name)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = g_path_get_dirname(self == NULL ? POSTSEAL_SBINDIR "/" : self);
	g_autofree char *beside = g_build_filename(folder, name, NULL);
	g_autofree char *installed =
		g_build_filename(folder, POSTSEAL_LIBEXEC_FROM_PROGRAMS, name, NULL);

	if (access(beside, X_OK) == 0)
		return g_steal_pointer(&beside);
	return g_canonicalize_filename(installed, NULL);
}

static char **
command_line(const char *program, const char *const *arguments)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();

	g_strv_builder_add(words, program);
	if (arguments != NULL)
		g_strv_builder_addv(words, (const char **)arguments);
	return g_strv_builder_end(words);
}

struct worker_pool *
worker_pool_new(const struct worker_settings *settings)
{
	struct worker_pool *pool = g_new0(struct worker_pool, 1);

	g_mutex_init(&pool->lock);
	g_queue_init(&pool->idle);
	pool->program = worker_find_program(settings->program);
	pool->arguments = command_line(pool->program, settings->arguments);
	pool->environment = g_strdupv((char **)settings->environment);
	pool->idle_max = settings->idle_max;
	pool->owns_places = settings->places == NULL;
	pool->places = pool->owns_places ? places_new(settings->busy_max) : settings->places;
	return pool;
}

const char *
worker_pool_program(const struct worker_pool *pool)
{
	return pool->program;
}

/* --- one of them --- */

/* With no signals blocked or ignored, in a process group of its own. */
static int
spawn(const struct worker_pool *pool, pid_t *pid_r, int socket)
{
	char **environment = pool->environment == NULL ? environ : pool->environment;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	/* Without its socket, it would seem to have died of its first document. */
	error = posix_spawn_file_actions_adddup2(&files, socket, STDIN_FILENO);
	if (error == 0)
		error = posix_spawn(pid_r, pool->program, &files, &attributes, pool->arguments,
				    environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return error;
}

static struct worker *
worker_new(struct worker_pool *pool, struct fault *fault)
{
	struct worker *worker;
	int ends[2], error;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		fault_set(fault, FAULT_STORAGE, "starting %s: %s", pool->program, strerror(errno));
		return NULL;
	}
	error = spawn(pool, &pid, ends[1]);
	close(ends[1]);
	if (error != 0) {
		close(ends[0]);
		fault_set(fault, FAULT_STORAGE, "starting %s: %s", pool->program, strerror(error));
		return NULL;
	}
	worker = g_new(struct worker, 1);
	*worker = (struct worker){.pool = pool, .pid = pid, .socket = ends[0]};
	return worker;
}

static void
worker_end(struct worker *worker)
{
	close(worker->socket);
	kill(-worker->pid, SIGKILL);
	while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
		;
	g_free(worker);
}

/* A waiting worker has nothing to say: if its socket is readable, it has ended. */
static bool
is_alive(const struct worker *worker)
{
	struct pollfd watched = {.fd = worker->socket, .events = POLLIN};

	return poll(&watched, 1, 0) == 0;
}

int
worker_socket(const struct worker *worker)
{
	return worker->socket;
}

/* --- all of them --- */

static struct worker *
pop_idle(struct worker_pool *pool)
{
	struct worker *worker;

	g_mutex_lock(&pool->lock);
	worker = g_queue_pop_head(&pool->idle);
	g_mutex_unlock(&pool->lock);
	return worker;
}

struct worker *
worker_take(struct worker_pool *pool, gint64 until, struct fault *fault)
{
	struct worker *worker;

	if (!places_enter(pool->places, until)) {
		fault_set(fault, FAULT_OVERLOAD, "waiting for %s: all %u are busy", pool->program,
			  places_count(pool->places));
		return NULL;
	}
	while ((worker = pop_idle(pool)) != NULL && !is_alive(worker))
		worker_end(worker);
	if (worker == NULL)
		worker = worker_new(pool, fault);
	if (worker == NULL)
		places_leave(pool->places);
	return worker;
}

/* If enough workers are waiting, this one is ended. */
static void
push_idle(struct worker *worker)
{
	struct worker_pool *pool = worker->pool;
	bool kept;

	g_mutex_lock(&pool->lock);
	kept = g_queue_get_length(&pool->idle) < pool->idle_max;
	if (kept)
		g_queue_push_head(&pool->idle, worker);
	g_mutex_unlock(&pool->lock);
	if (!kept)
		worker_end(worker);
}

void
worker_give(struct worker *worker, bool well)
{
	struct worker_pool *pool = worker->pool;

	if (well)
		push_idle(worker);
	else
		worker_end(worker);
	places_leave(pool->places);
}

void
worker_prepare(struct worker_pool *pool)
{
	struct worker *worker;
	struct fault fault;
	bool enough;

	g_mutex_lock(&pool->lock);
	enough = g_queue_get_length(&pool->idle) >= pool->idle_max;
	g_mutex_unlock(&pool->lock);
	if (!enough && (worker = worker_new(pool, &fault)) != NULL)
		push_idle(worker);
}

void
worker_pool_free(struct worker_pool *pool)
{
	if (pool == NULL)
		return;
	g_queue_clear_full(&pool->idle, (GDestroyNotify)worker_end);
	g_mutex_clear(&pool->lock);
	if (pool->owns_places)
		places_free(pool->places);
	g_free(pool->program);
	g_strfreev(pool->arguments);
	g_strfreev(pool->environment);
	g_free(pool);
}
