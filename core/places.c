#include "core/places.h"

struct places {
	GMutex lock;
	GCond moved;
	GQueue waiting; /* a distinct address for each waiting thread, in order of arrival */
	unsigned count, taken;
};

struct places *
places_new(unsigned count)
{
	struct places *places = g_new0(struct places, 1);

	g_mutex_init(&places->lock);
	g_cond_init(&places->moved);
	g_queue_init(&places->waiting);
	places->count = count;
	return places;
}

void
places_free(struct places *places)
{
	if (places == NULL)
		return;
	g_mutex_clear(&places->lock);
	g_cond_clear(&places->moved);
	g_free(places);
}

unsigned
places_count(const struct places *places)
{
	return places->count;
}

static bool
is_next(struct places *places, const void *mark)
{
	bool has_place = places->count == 0 || places->taken < places->count;

	return has_place && g_queue_peek_head(&places->waiting) == mark;
}

bool
places_enter(struct places *places, gint64 until)
{
	const char mark = 0; /* only its address matters, which is unique to this call */
	bool entered = true;

	g_mutex_lock(&places->lock);
	g_queue_push_tail(&places->waiting, (gpointer)&mark);
	while (entered && !is_next(places, &mark))
		entered = g_cond_wait_until(&places->moved, &places->lock, until);
	g_queue_remove(&places->waiting, &mark);
	places->taken += entered;
	g_cond_broadcast(&places->moved); /* there may also be a place for the next in line */
	g_mutex_unlock(&places->lock);
	return entered;
}

void
places_leave(struct places *places)
{
	g_mutex_lock(&places->lock);
	places->taken--;
	g_cond_broadcast(&places->moved);
	g_mutex_unlock(&places->lock);
}

unsigned
places_waiting(struct places *places)
{
	unsigned waiting;

	g_mutex_lock(&places->lock);
	waiting = g_queue_get_length(&places->waiting);
	g_mutex_unlock(&places->lock);
	return waiting;
}
