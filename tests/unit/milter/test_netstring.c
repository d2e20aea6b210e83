/* Requests of Postfix's socketmap client, as postmap(1) of Postfix 3.7 sends them, and the examples
 * of cr.yp.to/proto/netstrings.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "milter/netstring.h"

enum { MOST = 1024 };

static GString *
said(const char *bytes, size_t length)
{
	return g_string_new_len(bytes, (gssize)length);
}
#define SAID(literal) said(literal, sizeof literal - 1)

static void
assert_taken(GString *all, const char *expected)
{
	g_autofree char *text = NULL;

	assert_true(netstring_take(all, MOST, &text));
	if (expected == NULL)
		assert_null(text);
	else
		assert_string_equal(text, expected);
}

static void
test_examples_of_the_description(void **state)
{
	GString *all = SAID("12:hello world!,0:,");
	g_autofree char *again = netstring_of("hello world!"), *empty = netstring_of("");

	(void)state;
	assert_taken(all, "hello world!");
	assert_taken(all, "");
	assert_taken(all, NULL);
	assert_int_equal(all->len, 0);
	assert_string_equal(again, "12:hello world!,");
	assert_string_equal(empty, "0:,");
	g_string_free(all, TRUE);
}

/* postmap -q sts.example socketmap:unix:...:domains, twice, byte by byte. */
static void
test_request_that_comes_in_pieces(void **state)
{
	static const char sent[] = "19:domains sts.example,19:domains sts.example,";
	GString *all = g_string_new(NULL);
	unsigned taken = 0;

	(void)state;
	for (const char *at = sent; *at != '\0'; at++) {
		g_autofree char *text = NULL;

		g_string_append_c(all, *at);
		assert_true(netstring_take(all, MOST, &text));
		assert_true((text != NULL) == (*at == ','));
		if (text != NULL)
			assert_string_equal(text, "domains sts.example");
		taken += text != NULL;
	}
	assert_int_equal(taken, 2);
	g_string_free(all, TRUE);
}

static void
test_what_is_no_request_was_waited_for(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} bad[] = {
#define BAD(literal) {literal, sizeof literal - 1}
		BAD(":"),
		BAD(","),
		BAD("a"),
		BAD(" 1:a,"),
		BAD("+1:a,"),
		BAD("-1:a,"),
		BAD("0x1:a,"),
		BAD("01:a,"),
		BAD("00:,"),
		BAD("1 :a,"),
		BAD("1;a,"),
		BAD("1:ab"),
		BAD("1:a;"),
		BAD("2:a\0,"),
		BAD("1025:"),
		BAD("1025"),
		BAD("99999999999999999999999999999999:"),
		BAD("\0"),
		BAD("1\0:a,"),
		BAD("18446744073709551617:a,"),
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		GString *all = said(bad[i].bytes, bad[i].length);
		char *text;

		assert_false(netstring_take(all, MOST, &text));
		assert_null(text);
		g_string_free(all, TRUE);
	}
}

static void
test_request_of_the_longest_length(void **state)
{
	g_autofree char *longest = g_strnfill(MOST, 'x'), *frame = netstring_of(longest);
	GString *all = g_string_new(frame);

	(void)state;
	assert_taken(all, longest);
	g_string_free(all, TRUE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples_of_the_description),
		cmocka_unit_test(test_request_that_comes_in_pieces),
		cmocka_unit_test(test_what_is_no_request_was_waited_for),
		cmocka_unit_test(test_request_of_the_longest_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
