/* A message whose previews fail slowly is not tried any more, for a while; others are. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "portal/failed_previews.h"

static void
message_that_costs_much_in_vain_is_not_tried_again(void **state)
{
	struct failed_previews *failed = failed_previews_new();
	const gint64 now = 7, later = now + FAILED_PREVIEWS_SECONDS * (gint64)G_TIME_SPAN_SECOND;

	(void)state;
	assert_true(failed_previews_may_try(failed, "a", now));
	failed_previews_add(failed, "a", FAILED_PREVIEWS_MILLISECONDS / 2, now);
	assert_true(failed_previews_may_try(failed, "a", now));
	failed_previews_add(failed, "a", FAILED_PREVIEWS_MILLISECONDS / 2, now + 1);
	assert_false(failed_previews_may_try(failed, "a", now + 2));
	assert_true(failed_previews_may_try(failed, "b", now + 2));
	assert_true(failed_previews_may_try(failed, "a", later));
	failed_previews_add(failed, "a", 1, later);
	assert_true(failed_previews_may_try(failed, "a", later));
	failed_previews_free(failed);
}

static void
files_that_fail_at_once_cost_little(void **state)
{
	struct failed_previews *failed = failed_previews_new();

	(void)state;
	for (int i = 0; i < 20; i++)
		failed_previews_add(failed, "a", 10, 7);
	assert_true(failed_previews_may_try(failed, "a", 8));
	failed_previews_free(failed);
}

static void
there_is_an_end_to_what_is_remembered(void **state)
{
	struct failed_previews *failed = failed_previews_new();

	(void)state;
	failed_previews_add(failed, "first", FAILED_PREVIEWS_MILLISECONDS, 7);
	for (int i = 0; i < FAILED_PREVIEWS_MAX; i++) {
		g_autofree char *name = g_strdup_printf("%d", i);

		failed_previews_add(failed, name, FAILED_PREVIEWS_MILLISECONDS, 7);
	}
	assert_true(failed_previews_may_try(failed, "first", 8));
	failed_previews_free(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_that_costs_much_in_vain_is_not_tried_again),
		cmocka_unit_test(files_that_fail_at_once_cost_little),
		cmocka_unit_test(there_is_an_end_to_what_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
