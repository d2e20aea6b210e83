/* Only large folders are remembered, each by itself, until their reader changes something. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "portal/known_counts.h"

static void
large_folders_are_remembered_until_they_change(void **state)
{
	struct known_counts *known = known_counts_new();
	unsigned long all = 0, unread = 0;

	(void)state;
	assert_false(known_counts_get(known, "ann", "inbox", &all, &unread));
	known_counts_put(known, "ann", "inbox", KNOWN_COUNTS_LARGE, 7);
	known_counts_put(known, "anna", "inbox", KNOWN_COUNTS_LARGE + 1, 8);
	known_counts_put(known, "ann", "sent", KNOWN_COUNTS_LARGE - 1, 0);
	assert_true(known_counts_get(known, "ann", "inbox", &all, &unread));
	assert_int_equal(all, KNOWN_COUNTS_LARGE);
	assert_int_equal(unread, 7);
	assert_false(known_counts_get(known, "ann", "sent", &all, &unread));
	known_counts_forget(known, "ann");
	assert_false(known_counts_get(known, "ann", "inbox", &all, &unread));
	assert_true(known_counts_get(known, "anna", "inbox", &all, &unread));
	assert_int_equal(unread, 8);
	known_counts_free(known);
}

static void
there_is_an_end_to_what_is_remembered(void **state)
{
	struct known_counts *known = known_counts_new();
	unsigned long all, unread;
	char name[] = "account 00000";

	(void)state;
	for (int i = 0; i <= KNOWN_COUNTS_MAX; i++) {
		for (int digit = 0, rest = i; digit < 5; digit++, rest /= 10)
			name[12 - digit] = (char)('0' + rest % 10);
		known_counts_put(known, name, "inbox", KNOWN_COUNTS_LARGE, 0);
	}
	assert_false(known_counts_get(known, "account 00000", "inbox", &all, &unread));
	assert_true(known_counts_get(known, name, "inbox", &all, &unread));
	known_counts_free(known);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_folders_are_remembered_until_they_change),
		cmocka_unit_test(there_is_an_end_to_what_is_remembered)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
