/*
 * GLib's locks for ThreadSanitizer, which cannot see through the futexes of the real ones and
 * reports everything they protect as a race. In the preset `thread`, these replace them for our own
 * code: each GMutex and GCond points to its pthreads counterpart.
 */
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

static void
start_mutex(void *memory)
{
	pthread_mutex_init(memory, NULL);
}

static void
start_condition(void *memory)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(memory, &monotonic);
}

/* Created on first use: static ones are all zero. */
static void *
stand_in(void **place, size_t size, void (*start)(void *memory))
{
	void *there = __atomic_load_n(place, __ATOMIC_ACQUIRE), *made;

	if (there != NULL)
		return there;
	made = calloc(1, size);
	start(made);
	if (__atomic_compare_exchange_n(place, &there, made, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return made;
	free(made);
	return there;
}

static pthread_mutex_t *
mutex_of(GMutex *mutex)
{
	return stand_in((void **)mutex, sizeof(pthread_mutex_t), start_mutex);
}

static pthread_cond_t *
condition_of(GCond *condition)
{
	return stand_in((void **)condition, sizeof(pthread_cond_t), start_condition);
}

void
g_mutex_init(GMutex *mutex)
{
	*(void **)mutex = NULL;
}

void
g_mutex_clear(GMutex *mutex)
{
	free(*(void **)mutex);
}

void(g_mutex_lock)(GMutex *mutex)
{
	pthread_mutex_lock(mutex_of(mutex));
}

void(g_mutex_unlock)(GMutex *mutex)
{
	pthread_mutex_unlock(mutex_of(mutex));
}

void
g_cond_init(GCond *condition)
{
	*(void **)condition = NULL;
}

void
g_cond_clear(GCond *condition)
{
	free(*(void **)condition);
}

void
g_cond_wait(GCond *condition, GMutex *mutex)
{
	pthread_cond_wait(condition_of(condition), mutex_of(mutex));
}

gboolean
g_cond_wait_until(GCond *condition, GMutex *mutex, gint64 limit)
{
	struct timespec until = {.tv_sec = limit / G_TIME_SPAN_SECOND,
				 .tv_nsec = limit % G_TIME_SPAN_SECOND * 1000};

	return pthread_cond_timedwait(condition_of(condition), mutex_of(mutex), &until) !=
	       ETIMEDOUT;
}

void
g_cond_signal(GCond *condition)
{
	pthread_cond_signal(condition_of(condition));
}

void
g_cond_broadcast(GCond *condition)
{
	pthread_cond_broadcast(condition_of(condition));
}
