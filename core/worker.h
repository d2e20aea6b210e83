/*
 * Small processes that a program keeps beside it for one kind of work, each with a socket to us as
 * its standard input. A worker does one job at a time; some wait for the next one. What breaks in a
 * job breaks the worker, and another takes its place.
 *
 * A worker must end by itself when it reads the end of its input. (No PR_SET_PDEATHSIG: that is
 * sent when the thread ends which started it.)
 */
#ifndef POSTSEAL_CORE_WORKER_H
#define POSTSEAL_CORE_WORKER_H

#include <glib.h>

#include "core/fault.h"
#include "core/places.h"

struct worker;
struct worker_pool;

struct worker_settings {
	const char *program; /* "postseal-gpg": beside our own program, or in libexec */
	const char *const
		*arguments; /* those behind the program's name, ending with NULL; or NULL */
	const char *const *environment; /* ending with NULL; NULL: ours */
	unsigned idle_max;		/* how many may wait for work */
	unsigned busy_max; /* how many may work at the same time; 0: as many as are asked for */
	struct places
		*places; /* NULL: busy_max of its own; else shared with other pools, and theirs */
};

/* The path of a program that only others of ours start: beside our own, or where it was installed.
 * Caller frees. */
char *worker_find_program(const char *name);

/* Copies the settings; starts no process yet. */
/* The path of a program that only others of ours start: beside our own, or where it was installed.
 * Caller frees. */
char *worker_find_program(const char *name);

struct worker_pool *worker_pool_new(const struct worker_settings *settings);
/* Ends those that wait; none may be at work. */
void worker_pool_free(struct worker_pool *pool);
/* Where the program was found, or would be. */
const char *worker_pool_program(const struct worker_pool *pool);

/* From any thread. Waits until `until` (g_get_monotonic_time()) where as many work as may: then
 * FAULT_OVERLOAD. NULL with `fault` filled. */
struct worker *worker_take(struct worker_pool *pool, gint64 until, struct fault *fault);
/* Starts one ahead, where fewer wait than may. What goes wrong is told to the one who takes. */
void worker_prepare(struct worker_pool *pool);
int worker_socket(const struct worker *worker);
/* It waits for the next job where it is `well`, else its whole process group is ended. */
void worker_give(struct worker *worker, bool well);

#endif
