/* What is asked next: places do not wait for each other, and nothing is forgotten. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "keystore/finder/schedule.h"

enum { AT_ONCE = 6, AT_PLACE = 2, MANY = 2000, SECONDS = 60 };

static GMutex lock;
static GCond changed;
static unsigned begun, done, running, most;
static gboolean open_for_all;

/* Work "slow" waits until the gate is open; everything else is done at once. */
static void
run(void *work)
{
	g_mutex_lock(&lock);
	begun++;
	running++;
	most = MAX(most, running);
	g_cond_broadcast(&changed);
	while (work != NULL && !open_for_all)
		g_cond_wait(&changed, &lock);
	running--;
	done++;
	g_cond_broadcast(&changed);
	g_mutex_unlock(&lock);
}

static void
wait_for(const unsigned *count, unsigned wanted)
{
	gint64 until = g_get_monotonic_time() + SECONDS * G_USEC_PER_SEC;

	g_mutex_lock(&lock);
	while (*count < wanted)
		assert_true(g_cond_wait_until(&changed, &lock, until));
	g_mutex_unlock(&lock);
}

static int
begin(void **state)
{
	begun = done = running = most = 0;
	open_for_all = FALSE;
	*state = schedule_new(AT_ONCE, AT_PLACE, run);
	return 0;
}

static void
open_gate(void)
{
	g_mutex_lock(&lock);
	open_for_all = TRUE;
	g_cond_broadcast(&changed);
	g_mutex_unlock(&lock);
}

static void
slow_place_does_not_delay_others(void **state)
{
	static int slow;

	for (int i = 0; i < MANY; i++)
		schedule_add(*state, "slow", &slow);
	wait_for(&begun, AT_PLACE);
	schedule_add(*state, "quick", NULL);
	schedule_add(*state, "other", NULL);
	wait_for(&done, 2);
	assert_int_equal(begun, AT_PLACE + 2);
	open_gate();
	schedule_free(*state);
	assert_int_equal(done, MANY + 2);
	assert_true(most <= AT_ONCE);
}

/* The thread that was idle took the first, and nobody was there for the second. */
static void
second_question_waited_for_the_first(void **state)
{
	static int slow;

	schedule_add(*state, "a", NULL);
	wait_for(&done, 1);
	schedule_add(*state, "b", &slow);
	schedule_add(*state, "b", &slow);
	wait_for(&begun, 3);
	open_gate();
	schedule_free(*state);
	assert_int_equal(done, 3);
}

static void
everything_that_was_added_is_done(void **state)
{
	for (int i = 0; i < MANY; i++) {
		g_autofree char *place = g_strdup_printf("place %d", i % 100);

		schedule_add(*state, place, NULL);
	}
	schedule_free(*state);
	assert_int_equal(done, MANY);
	assert_true(most <= AT_ONCE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(slow_place_does_not_delay_others, begin),
		cmocka_unit_test_setup(second_question_waited_for_the_first, begin),
		cmocka_unit_test_setup(everything_that_was_added_is_done, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
