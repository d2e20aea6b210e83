/*
 * Questions that are asked at the same time on a pool of threads, for somebody who waits for all of
 * them, but only so long: those that are late go on, and the round lasts until the last has ended.
 */
#ifndef POSTSEAL_KEYSTORE_ROUND_H
#define POSTSEAL_KEYSTORE_ROUND_H

#include <glib.h>
#include <stdbool.h>

struct round {
	gint64 until;	 /* monotonic: answers that come later are none */
	bool is_courier; /* which has patience: what it cannot find out has failed */
	GMutex lock;
	GCond done;
	guint open;    /* questions that have not ended */
	guint without; /* those that ended without an answer */
};

/* The caller ends it with round_wait(), each question with round_leave(). */
struct round *round_new(guint questions, gint64 until, bool is_courier);
void round_leave(struct round *round, bool answered);

/* Returns when all have ended, or at `wait` (monotonic), how many have no answer then. */
guint round_wait(struct round *round, gint64 wait);

#endif
