#include "keystore/finder/schedule.h"

#include <stdbool.h>

struct schedule {
	unsigned at_once, at_place;
	void (*run)(void *work);
	GMutex lock;
	GCond changed;	    /* something is ready, or it is to end */
	GHashTable *places; /* char * → struct place, those with work */
	GQueue ready;	    /* struct place: has work waiting and may begin it */
	GPtrArray *threads; /* started when they are needed first */
	unsigned idle;	    /* of them wait for work */
	bool is_ending;
};

struct place {
	char *name;
	unsigned running;
	GQueue waiting; /* work */
	bool is_ready;	/* is in the queue of that name */
};

static void
place_free(gpointer data)
{
	struct place *place = data;

	g_queue_clear(&place->waiting);
	g_free(place->name);
	g_free(place);
}

static struct place *
place_of(struct schedule *schedule, const char *name)
{
	struct place *place = g_hash_table_lookup(schedule->places, name);

	if (place != NULL)
		return place;
	place = g_new0(struct place, 1);
	place->name = g_strdup(name);
	g_queue_init(&place->waiting);
	g_hash_table_insert(schedule->places, place->name, place);
	return place;
}

/* --- with the lock held --- */

static gpointer work_off(gpointer schedule);

/* Lines the place up if it may begin something, and sees to it that a thread takes it. */
static void
line_up(struct schedule *schedule, struct place *place)
{
	if (place->is_ready || g_queue_is_empty(&place->waiting) ||
	    place->running >= schedule->at_place)
		return;
	place->is_ready = true;
	g_queue_push_tail(&schedule->ready, place);
	g_cond_signal(&schedule->changed);
	if (schedule->idle < schedule->ready.length && schedule->threads->len < schedule->at_once)
		g_ptr_array_add(schedule->threads, g_thread_new("asks", work_off, schedule));
}

static void
run_next_of(struct schedule *schedule, struct place *place)
{
	void *work = g_queue_pop_head(&place->waiting);

	place->is_ready = false;
	place->running++;
	line_up(schedule, place);
	g_mutex_unlock(&schedule->lock);
	schedule->run(work);
	g_mutex_lock(&schedule->lock);
	place->running--;
	line_up(schedule, place);
	if (place->running == 0 && g_queue_is_empty(&place->waiting))
		g_hash_table_remove(schedule->places, place->name);
}

static void
wait_for_work(struct schedule *schedule)
{
	schedule->idle++;
	g_cond_wait(&schedule->changed, &schedule->lock);
	schedule->idle--;
}

/* --- a thread --- */

static gpointer
work_off(gpointer data)
{
	struct schedule *schedule = data;

	g_mutex_lock(&schedule->lock);
	for (;;) {
		struct place *place = g_queue_pop_head(&schedule->ready);

		if (place != NULL)
			run_next_of(schedule, place);
		else if (schedule->is_ending)
			break;
		else
			wait_for_work(schedule);
	}
	g_mutex_unlock(&schedule->lock);
	return NULL;
}

/* --- for others --- */

struct schedule *
schedule_new(unsigned at_once, unsigned at_place, void (*run)(void *work))
{
	struct schedule *schedule = g_new0(struct schedule, 1);

	schedule->at_once = at_once;
	schedule->at_place = at_place;
	schedule->run = run;
	g_mutex_init(&schedule->lock);
	g_cond_init(&schedule->changed);
	schedule->places = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, place_free);
	g_queue_init(&schedule->ready);
	schedule->threads = g_ptr_array_new();
	return schedule;
}

void
schedule_free(struct schedule *schedule)
{
	if (schedule == NULL)
		return;
	g_mutex_lock(&schedule->lock);
	schedule->is_ending = true;
	g_cond_broadcast(&schedule->changed);
	g_mutex_unlock(&schedule->lock);
	for (guint i = 0; i < schedule->threads->len; i++)
		g_thread_join(g_ptr_array_index(schedule->threads, i));
	g_ptr_array_unref(schedule->threads);
	g_hash_table_unref(schedule->places);
	g_cond_clear(&schedule->changed);
	g_mutex_clear(&schedule->lock);
	g_free(schedule);
}

void
schedule_add(struct schedule *schedule, const char *name, void *work)
{
	struct place *place;

	g_mutex_lock(&schedule->lock);
	place = place_of(schedule, name);
	g_queue_push_tail(&place->waiting, work);
	line_up(schedule, place);
	g_mutex_unlock(&schedule->lock);
}
