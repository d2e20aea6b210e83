#include "keystore/finder/schedule.h"

#include <stdbool.h>

struct schedule {
	unsigned at_once, at_place, running;
	void (*run)(void *work);
	GMutex lock;
	GCond done;
	GHashTable *places; /* char * → struct place, those with work */
	GQueue ready;	    /* struct place: has work waiting and may begin it */
	GThreadPool *threads;
};

struct place {
	char *name;
	unsigned running;
	GQueue waiting; /* work */
	bool is_ready;	/* is in the queue of that name */
};

/* A piece of work that is running. */
struct run {
	struct place *place;
	void *work;
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

/* Lines the place up if it may begin something. */
static void
line_up(struct schedule *schedule, struct place *place)
{
	if (place->is_ready || g_queue_is_empty(&place->waiting) ||
	    place->running >= schedule->at_place)
		return;
	place->is_ready = true;
	g_queue_push_tail(&schedule->ready, place);
}

static void
begin_what_is_ready(struct schedule *schedule)
{
	while (schedule->running < schedule->at_once && !g_queue_is_empty(&schedule->ready)) {
		struct place *place = g_queue_pop_head(&schedule->ready);
		struct run *run = g_new(struct run, 1);

		run->place = place;
		run->work = g_queue_pop_head(&place->waiting);
		place->is_ready = false;
		place->running++;
		schedule->running++;
		line_up(schedule, place);
		g_thread_pool_push(schedule->threads, run, NULL);
	}
}

static void
finish(struct schedule *schedule, struct place *place)
{
	g_mutex_lock(&schedule->lock);
	schedule->running--;
	place->running--;
	line_up(schedule, place);
	begin_what_is_ready(schedule);
	if (place->running == 0 && g_queue_is_empty(&place->waiting))
		g_hash_table_remove(schedule->places, place->name);
	if (g_hash_table_size(schedule->places) == 0)
		g_cond_broadcast(&schedule->done);
	g_mutex_unlock(&schedule->lock);
}

static void
run_on_thread(gpointer data, gpointer user)
{
	g_autofree struct run *run = data;
	struct schedule *schedule = user;

	schedule->run(run->work);
	finish(schedule, run->place);
}

struct schedule *
schedule_new(unsigned at_once, unsigned at_place, void (*run)(void *work))
{
	struct schedule *schedule = g_new0(struct schedule, 1);

	schedule->at_once = at_once;
	schedule->at_place = at_place;
	schedule->run = run;
	g_mutex_init(&schedule->lock);
	g_cond_init(&schedule->done);
	schedule->places = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, place_free);
	g_queue_init(&schedule->ready);
	schedule->threads = g_thread_pool_new(run_on_thread, schedule, (gint)at_once, FALSE, NULL);
	return schedule;
}

void
schedule_free(struct schedule *schedule)
{
	if (schedule == NULL)
		return;
	g_mutex_lock(&schedule->lock);
	while (g_hash_table_size(schedule->places) > 0)
		g_cond_wait(&schedule->done, &schedule->lock);
	g_mutex_unlock(&schedule->lock);
	g_thread_pool_free(schedule->threads, FALSE, TRUE);
	g_hash_table_unref(schedule->places);
	g_cond_clear(&schedule->done);
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
	begin_what_is_ready(schedule);
	g_mutex_unlock(&schedule->lock);
}
