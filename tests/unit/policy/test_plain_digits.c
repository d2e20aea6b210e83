#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs those above. */
#include <cmocka.h>
#include <glib.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "policy/plain_digits.h"

static void
digits_are_written_out(void **state)
{
	static const char *const cases[][2] = {
		{"\\b\\d{3}\\b", "\\b[0-9]{3}\\b"},
		{"[\\dA-F]+\\d", "[\\x30-9A-F]+[0-9]"},
		{"[]\\d]\\d[^]\\d]", "[]\\x30-9][0-9][^]\\x30-9]"},
		{"[[:alpha:]\\d-]x", "[[:alpha:]\\x30-9-]x"},
		{"\\\\d\\d", "\\\\d[0-9]"},
		{"\\[\\d\\]", "\\[[0-9]\\]"},
		{"[\\]\\d]", "[\\]\\x30-9]"},
		{"[[:]\\d{4}[-:]\\d", "[[:][0-9]{4}[-:][0-9]"},
		{"[^\\x2\\d]", "[^\\x2\\x30-9]"},
		{"(?C\"[\")\\d", NULL},
		{"(*MARK:[)\\d", NULL},
		{"\\D+", NULL},
		{"CASE", NULL},
		{"\\Q\\d\\E\\d", NULL},
		{"(?x) \\d # [a\n \\d", NULL},
		{"\\cd\\d", NULL},
		{"", NULL},
		{"\\", NULL},
		{"[\\d", "[\\x30-9"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *plain = plain_digits_expression(cases[i][0]);

		if (cases[i][1] == NULL)
			assert_null(plain);
		else
			assert_string_equal(plain, cases[i][1]);
	}
}

static pcre2_code *
compile(const char *expression)
{
	int error;
	PCRE2_SIZE offset;

	return pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
			     PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error, &offset, NULL);
}

/* All matches, one after the other: "3-7 9-12 ". */
static char *
matches(const pcre2_code *regex, const char *text)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(regex, NULL);
	GString *found = g_string_new(NULL);
	const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(data);
	PCRE2_SIZE at = 0;

	while (at <= strlen(text) &&
	       pcre2_match(regex, (PCRE2_SPTR)text, strlen(text), at, 0, data, NULL) > 0) {
		g_string_append_printf(found, "%zu-%zu ", bounds[0], bounds[1]);
		at = bounds[1] > bounds[0]
			     ? bounds[1]
			     : (PCRE2_SIZE)(g_utf8_next_char(text + bounds[1]) - text);
	}
	pcre2_match_data_free(data);
	return g_string_free(found, FALSE);
}

static char *
drawn(GRand *rand, const char *const *pieces, int count, int most)
{
	GString *text = g_string_new(NULL);

	for (int i = g_rand_int_range(rand, 1, most); i > 0; i--)
		g_string_append(text, pieces[g_rand_int_range(rand, 0, count)]);
	return g_string_free(text, FALSE);
}

/* Expressions and texts drawn at random: wherever both can be compiled, they match the same. */
static void
plain_text_is_matched_alike(void **state)
{
	static const char *const parts[] = {"\\d",	"\\D",	   "\\b",
					    "\\w",	"\\s",	   "[\\d ]",
					    "[^\\d]",	"[a-\\d]", "{2}",
					    "+",	"?",	   "*",
					    "|",	"(",	   ")",
					    "ü",	"1",	   "a",
					    ".",	"[",	   "]",
					    "^",	"-",	   "\\[",
					    "\\]",	"\\\\",	   "[:alpha:]",
					    "\\x{661}", "[[:]",	   "[-:]",
					    "\\x2",	":",	   "[[:^digit:]\\d]"};
	static const char *const pieces[] = {"1",  "23", "a", "ü",  " ", "\n", "-",
					     "日", "½",	 "²", "é1", "]", "\\"};
	GRand *rand = g_rand_new_with_seed(8);
	unsigned compared = 0;

	(void)state;
	for (int i = 0; i < 40000; i++) {
		g_autofree char *expression = drawn(rand, parts, G_N_ELEMENTS(parts), 7);
		g_autofree char *text = drawn(rand, pieces, G_N_ELEMENTS(pieces), 30);
		g_autofree char *plain = plain_digits_expression(expression);
		pcre2_code *slow = plain == NULL ? NULL : compile(expression);
		pcre2_code *fast = slow == NULL ? NULL : compile(plain);

		assert_true(plain_digits_only(text, strlen(text)));
		if (fast != NULL) {
			g_autofree char *expected = matches(slow, text);
			g_autofree char *found = matches(fast, text);

			if (strcmp(expected, found) != 0)
				fail_msg("%s and %s differ on %s: %s, %s", expression, plain, text,
					 expected, found);
			compared++;
		}
		pcre2_code_free(slow);
		pcre2_code_free(fast);
	}
	assert_true(compared > 4000);
	g_rand_free(rand);
}

/* Whatever has Unicode's category Nd is a reason to use the other expression. */
static void
no_other_digit_is_plain(void **state)
{
	pcre2_code *digit = compile("\\d");
	unsigned others = 0;

	(void)state;
	for (gunichar c = 0x80; c < 0x110000; c++) {
		char text[7] = "";

		if (!g_unichar_validate(c))
			continue;
		text[g_unichar_to_utf8(c, text)] = '\0';
		if (plain_digits_only(text, strlen(text))) {
			g_autofree char *found = matches(digit, text);

			assert_string_equal(found, "");
		} else {
			others++;
		}
	}
	assert_true(others > 600);
	pcre2_code_free(digit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_are_written_out),
		cmocka_unit_test(plain_text_is_matched_alike),
		cmocka_unit_test(no_other_digit_is_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
