/* Which bytes a browser asks for (RFC 9110 §14.1.2). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glib.h>

#include "portal/web/range.h"

enum { SIZE = 1000 };

static void
one_range_is_understood(void **state)
{
	static const struct {
		const char *text;
		uint64_t from, to;
	} parts[] = {{"bytes=0-0", 0, 1},	{"bytes=0-", 0, SIZE},
		     {"bytes=999-", 999, SIZE}, {"bytes=5-9", 5, 10},
		     {"Bytes=5-5000", 5, SIZE}, {"bytes=-1", 999, SIZE},
		     {"bytes=-5000", 0, SIZE},	{"bytes=0-18446744073709551614", 0, SIZE},
		     {"bytes=000-0009", 0, 10}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		uint64_t from, to;

		assert_int_equal(range_parse(parts[i].text, SIZE, &from, &to), RANGE_PART);
		assert_int_equal(from, parts[i].from);
		assert_int_equal(to, parts[i].to);
	}
}

static void
whatever_else_is_asked_for_is_the_whole(void **state)
{
	static const char *const texts[] = {NULL,
					    "",
					    "bytes",
					    "bytes=",
					    "bytes=-",
					    "bytes=x",
					    "bytes=1",
					    "bytes=5-4",
					    "bytes=0-1,5-6",
					    "bytes= 0-1",
					    "bytes=0 -1",
					    "bytes=+1-2",
					    "bytes=1-2x",
					    "lines=1-2",
					    "bytes=-1-2",
					    "bytes=0-99999999999999999999999",
					    "bytes=--1",
					    "bytes=1--2",
					    "bytes:1-2",
					    "bytes=99999999999999999999999-"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		uint64_t from = 1, to = 2;

		assert_int_equal(range_parse(texts[i], SIZE, &from, &to), RANGE_WHOLE);
		assert_int_equal(from, 0);
		assert_int_equal(to, SIZE);
	}
}

static void
what_is_not_there_cannot_be_sent(void **state)
{
	static const char *const texts[] = {"bytes=1000-", "bytes=1000-1001", "bytes=-0"};
	uint64_t from, to;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		assert_int_equal(range_parse(texts[i], SIZE, &from, &to), RANGE_NOT_SATISFIABLE);
	assert_int_equal(range_parse("bytes=0-", 0, &from, &to), RANGE_NOT_SATISFIABLE);
	assert_int_equal(range_parse("bytes=-5", 0, &from, &to), RANGE_NOT_SATISFIABLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_range_is_understood),
		cmocka_unit_test(whatever_else_is_asked_for_is_the_whole),
		cmocka_unit_test(what_is_not_there_cannot_be_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
