/* When it was last a time of day, over the days on which the clocks are set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <glib.h>

#include "delivery/courier/daily.h"

static int64_t
local(int year, int month, int day, int hour, int minute)
{
	g_autoptr(GDateTime) at = g_date_time_new_local(year, month, day, hour, minute, 0);

	return g_date_time_to_unix(at);
}

static void
today_or_yesterday(void **state)
{
	(void)state;
	assert_int_equal(daily_last(local(2026, 11, 28, 7, 0), 7 * 60), local(2026, 11, 28, 7, 0));
	assert_int_equal(daily_last(local(2026, 11, 28, 7, 0) - 1, 7 * 60),
			 local(2026, 11, 27, 7, 0));
	assert_int_equal(daily_last(local(2026, 11, 28, 23, 59), 7 * 60),
			 local(2026, 11, 28, 7, 0));
	assert_int_equal(daily_last(local(2027, 1, 1, 0, 0), 0), local(2027, 1, 1, 0, 0));
	assert_int_equal(daily_last(local(2027, 1, 1, 0, 0), 23 * 60 + 59),
			 local(2026, 12, 31, 23, 59));
	assert_int_equal(daily_last(local(2028, 3, 1, 6, 0), 7 * 60), local(2028, 2, 29, 7, 0));
}

/* In Zurich, 2:00 to 3:00 is missing on 2026-03-29, and comes twice on 2026-10-25. */
static void
comes_once_when_the_clocks_are_set(void **state)
{
	static const struct {
		int month, day;
	} days[] = {{3, 28}, {3, 29}, {10, 24}, {10, 25}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(days); i++) {
		const int64_t begin = local(2026, days[i].month, days[i].day, 12, 0);
		const int64_t end = local(2026, days[i].month, days[i].day + 1, 12, 0);
		int64_t before = daily_last(begin, 2 * 60 + 30);
		unsigned count = 0;

		for (int64_t now = begin; now <= end; now += 60) {
			const int64_t last = daily_last(now, 2 * 60 + 30);

			assert_true(last <= now && last >= before);
			count += last > before;
			before = last;
		}
		assert_int_equal(count, 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(today_or_yesterday),
		cmocka_unit_test(comes_once_when_the_clocks_are_set),
	};

	setenv("TZ", "Europe/Zurich", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
