/* Flowed lines are joined: examples from RFC 3676, and what mail programs send. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "mail/flowed.h"

static const struct {
	const char *text, *joined;
	bool deletes_space;
} cases[] = {
	/* §4.1 */
	{"`Take some more tea,' the March Hare said to Alice, \r\nvery earnestly.\r\n",
	 "`Take some more tea,' the March Hare said to Alice, very earnestly.\n", false},
	{"one\r\ntwo \r\nthree\r\n", "one\ntwo three\n", false},
	/* §4.3: the line before a signature does not flow. */
	{"Bye. \r\n-- \r\nAnna\r\n", "Bye. \n-- \nAnna\n", false},
	/* §4.4: stuffing. */
	{" From here\r\n > no quote\r\n  two\r\n", "From here\n> no quote\n two\n", false},
	/* §4.5: quoting; a change of its depth ends a paragraph. */
	{"> a \r\n> b\r\n>> c \r\n> d\r\ne\r\n", "> a b\n>> c \n> d\ne\n", false},
	{">> a \r\n>> b \r\n", ">> a b ", false},
	/* §4.2, DelSp: text without blanks. */
	{"\xe6\x97\xa5 \r\n\xe6\x9c\xac \r\n\xe8\xaa\x9e\r\n",
	 "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\n", true},
	{"sec \r\nret\r\n", "secret\n", true},
	/* LF only, and an end without a line end. */
	{"a \nb", "a b", false},
	{"", "", false},
	/* A lone CR was no line end, which it is for Thunderbird. */
	{"sec \rret\r\n\rword\r\r\n", "secret\n\nword\n\n", true},
};

static void
lines_are_joined_however_they_are_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		for (size_t size = 1; size < 80; size += 13) {
			g_autoptr(GString) joined = g_string_new(NULL);
			size_t length = strlen(cases[i].text);
			struct flowed flowed;

			flowed_init(&flowed, cases[i].deletes_space);
			for (size_t at = 0; at < length; at += size)
				flowed_step(&flowed, cases[i].text + at, MIN(size, length - at),
					    joined);
			flowed_end(&flowed, joined);
			flowed_clear(&flowed);
			assert_string_equal(joined->str, cases[i].joined);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_joined_however_they_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
