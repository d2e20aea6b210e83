/* Nobody has more at the same time than one may have, and all together not more than the total. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "portal/web/tally.h"

static void
one_cannot_take_what_is_for_all(void **state)
{
	struct tally *tally = tally_new(2, 3);

	(void)state;
	assert_true(tally_add(tally, "ann"));
	assert_true(tally_add(tally, "ann"));
	assert_false(tally_add(tally, "ann"));
	assert_true(tally_add(tally, "bob"));
	assert_false(tally_add(tally, "eve"));
	tally_remove(tally, "ann");
	assert_true(tally_add(tally, "eve"));
	tally_remove(tally, "ann");
	tally_remove(tally, "bob");
	assert_true(tally_add(tally, "ann"));
	assert_true(tally_add(tally, "ann"));
	assert_false(tally_add(tally, "bob"));
	tally_free(tally);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_cannot_take_what_is_for_all)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
