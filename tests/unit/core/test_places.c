/* Places that limit how much work is done at once. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/places.h"

enum { COMERS = 8, SOON = G_TIME_SPAN_MILLISECOND, LATE = 60 * G_TIME_SPAN_SECOND };

static gint64
in(gint64 span)
{
	return g_get_monotonic_time() + span;
}

static void
no_more_than_there_are_places(void **state)
{
	struct places *places = places_new(2);

	(void)state;
	assert_true(places_enter(places, in(SOON)));
	assert_true(places_enter(places, in(SOON)));
	assert_false(places_enter(places, in(SOON)));
	places_leave(places);
	assert_true(places_enter(places, in(SOON)));
	places_leave(places);
	places_leave(places);
	places_free(places);
}

struct comer {
	struct places *places;
	unsigned number;
	unsigned *order;
	gint *done;
};

static gpointer
come(gpointer data)
{
	struct comer *comer = data;

	if (places_enter(comer->places, in(LATE))) {
		comer->order[g_atomic_int_add(comer->done, 1)] = comer->number;
		places_leave(comer->places);
	}
	return NULL;
}

/* The test holds the only place until all threads are waiting, one after another. */
static void
who_comes_first_enters_first(void **state)
{
	struct places *places = places_new(1);
	unsigned order[COMERS];
	gint done = 0;
	struct comer comers[COMERS];
	GThread *threads[COMERS];

	(void)state;
	assert_true(places_enter(places, in(SOON)));
	for (unsigned i = 0; i < COMERS; i++) {
		comers[i] = (struct comer){places, i, order, &done};
		threads[i] = g_thread_new("comer", come, &comers[i]);
		for (gint64 limit = in(LATE);
		     places_waiting(places) <= i && g_get_monotonic_time() < limit;)
			g_thread_yield();
	}
	places_leave(places);
	for (unsigned i = 0; i < COMERS; i++)
		g_thread_join(threads[i]);
	assert_int_equal(done, COMERS);
	for (unsigned i = 0; i < COMERS; i++)
		assert_int_equal(order[i], i);
	places_free(places);
}

/* Nobody has to wait for one that gave up. */
static void
who_waited_too_long_holds_nobody_up(void **state)
{
	struct places *places = places_new(1);

	(void)state;
	assert_true(places_enter(places, in(SOON)));
	assert_false(places_enter(places, in(SOON)));
	assert_int_equal(places_waiting(places), 0);
	places_leave(places);
	assert_true(places_enter(places, in(SOON)));
	places_leave(places);
	places_free(places);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_more_than_there_are_places),
		cmocka_unit_test(who_comes_first_enters_first),
		cmocka_unit_test(who_waited_too_long_holds_nobody_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
