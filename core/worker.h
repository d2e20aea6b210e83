/*
 * Small processes that a program keeps for one kind of work, each with a socket to the program as
 * its standard input. A worker does one job at a time; some wait for the next one. If a job breaks
 * something, it breaks only the worker, and another takes its place.
 *
 * A worker must exit when it reads end of file on its input. (PR_SET_PDEATHSIG is not used: it acts
 * when the thread that started the worker ends.)
 */
#ifndef POSTSEAL_CORE_WORKER_H
#define POSTSEAL_CORE_WORKER_H

#include <glib.h>

#include "core/fault.h"
#include "core/places.h"

struct worker;
struct worker_pool;

struct worker_settings {
	const char *program;		/* "postseal-gpg": next to our own program, or in libexec */
	const char *const *arguments;	/* after the program's name, ending with NULL; or NULL */
	const char *const *environment; /* ending with NULL; NULL: inherited */
	unsigned idle_max;		/* how many may wait for work */
	unsigned busy_max;		/* how many may work at the same time; 0: no limit */
	struct places
		*places; /* NULL: busy_max places of its own; otherwise shared with other pools */
};

/* The path of a program that only our other programs start: next to our own, or where it was
 * installed. Caller frees. */
char *worker_find_program(const char *name);

/* Copies the settings; starts no process yet. */
struct worker_pool *worker_pool_new(const struct worker_settings *settings);
/* Ends the waiting workers; none may be working. */
void worker_pool_free(struct worker_pool *pool);
/* The path where the program was found, or would be. */
const char *worker_pool_program(const struct worker_pool *pool);

/* From any thread. If too many are working already, waits until `until` (g_get_monotonic_time()),
 * then fails with FAULT_OVERLOAD. NULL with `fault` filled. */
struct worker *worker_take(struct worker_pool *pool, gint64 until, struct fault *fault);
/* Starts a worker in advance, if fewer are waiting than may. Failures are left to whoever takes a
 * worker. */
void worker_prepare(struct worker_pool *pool);
int worker_socket(const struct worker *worker);
/* If `well`, the worker waits for the next job; otherwise its whole process group is ended. */
void worker_give(struct worker *worker, bool well);

#endif
