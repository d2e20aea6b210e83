#include "keystore/round.h"

struct round *
round_new(guint questions, gint64 until, bool is_courier)
{
	struct round *round = g_atomic_rc_box_new0(struct round);

	round->until = until;
	round->is_courier = is_courier;
	round->open = questions;
	g_mutex_init(&round->lock);
	g_cond_init(&round->done);
	for (guint i = 0; i < questions; i++)
		g_atomic_rc_box_acquire(round);
	return round;
}

static void
clear(gpointer data)
{
	struct round *round = data;

	g_mutex_clear(&round->lock);
	g_cond_clear(&round->done);
}

void
round_leave(struct round *round, bool answered)
{
	g_mutex_lock(&round->lock);
	round->open--;
	round->without += !answered;
	g_cond_signal(&round->done);
	g_mutex_unlock(&round->lock);
	g_atomic_rc_box_release_full(round, clear);
}

guint
round_wait(struct round *round, gint64 wait)
{
	guint without;

	g_mutex_lock(&round->lock);
	while (round->open > 0 && g_cond_wait_until(&round->done, &round->lock, wait))
		;
	without = round->open + round->without;
	g_mutex_unlock(&round->lock);
	g_atomic_rc_box_release_full(round, clear);
	return without;
}
