/*
 * What is asked next. Each place (finders_place()) has a queue of its own, of which a few questions
 * are asked at a time; places take turns. So neither a slow place nor one that very much is asked
 * of delays the others.
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_SCHEDULE_H
#define POSTSEAL_KEYSTORE_FINDER_SCHEDULE_H

#include <glib.h>

struct schedule;

/* `at_once`: how many run in all, and `at_place`: at one place. `run` is called on a thread for
 * each piece of work. */
struct schedule *schedule_new(unsigned at_once, unsigned at_place, void (*run)(void *work));
/* Waits until all work is done. */
void schedule_free(struct schedule *schedule);
void schedule_add(struct schedule *schedule, const char *place, void *work);

#endif
