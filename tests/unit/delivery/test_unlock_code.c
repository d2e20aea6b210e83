/* Unlock codes and links: what people type, and what opens nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "delivery/parcel/parcel.h"
#include "delivery/parcel/unlock_code.h"
#include "tests/unit/guarded_text.h"

static void
codes_are_read_as_people_type_them(void **state)
{
	static const char *const marks[] = {"\u2013", "\u2014", "\u2011", "\u2212",  ".",
					    ". ",     "\u00a0", "\u202f", "\u200b",  "\u00ad",
					    "_",      "\u3002", "\uff0d", " \u00b7 "};
	struct code made, read;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		g_autofree char *small = NULL, *blanks = NULL;

		code_make(&made);
		assert_int_equal(strlen(made.shown), 13);
		assert_true(code_read(&read, made.shown));
		assert_string_equal(read.symbols, made.symbols);
		small = g_ascii_strdown(made.shown, -1);
		g_strdelimit(small, "0", 'o');
		g_strdelimit(small, "1", i % 2 == 0 ? 'l' : 'I');
		blanks = g_strconcat("  ", small, "\r\n", NULL);
		g_strdelimit(blanks, "-", ' ');
		assert_true(code_read(&read, blanks));
		assert_string_equal(read.symbols, made.symbols);
	}
	/* What autocorrection, other keyboards and copying make of it: an en dash, full stops,
	 * blanks that do not break, letters of full width. */
	assert_true(code_read(&read, made.shown));
	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
		g_autofree char *typed =
			g_strdup_printf("%.5s%s%.5s%s%s", made.symbols, marks[i], made.symbols + 5,
					marks[i], made.shown + 12);

		assert_true(code_read(&read, typed));
		assert_string_equal(read.symbols, made.symbols);
	}
	assert_false(code_read(&read, ""));
	assert_false(code_read(&read, "7KQ2M"));
	assert_false(code_read(&read, "UUUUU-UUUUU-U"));
	assert_false(code_read(&read, "00000-00000-00000-00000-00000-00000"));
	assert_false(code_read(&read, "7KQ2M-9XW3P-\xc3\xbc"));
}

/* Every wrong symbol and every swap of neighbours is distinguished from a wrong code. */
static void
typing_slips_are_told_from_wrong_codes(void **state)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	struct code made, read;

	(void)state;
	for (int i = 0; i < 200; i++) {
		code_make(&made);
		for (int place = 0; place < 13; place++) {
			char typed[CODE_SHOWN_BYTES];

			memcpy(typed, made.shown, sizeof typed);
			if (typed[place] == '-')
				continue;
			for (const char *symbol = alphabet; *symbol != '\0'; symbol++) {
				typed[place] = *symbol;
				assert_int_equal(code_read(&read, typed),
						 *symbol == made.shown[place]);
			}
		}
		for (int place = 0; place < CODE_SYMBOLS - 1; place++) {
			char typed[CODE_SYMBOLS + 2];

			g_snprintf(typed, sizeof typed, "%s%c", made.symbols, made.shown[12]);
			typed[place] = made.symbols[place + 1];
			typed[place + 1] = made.symbols[place];
			assert_int_equal(code_read(&read, typed), typed[place] == typed[place + 1]);
		}
	}
}

/* In a password of POP3, which is whatever bytes a stranger sends. */
static void
typed_bytes_that_are_no_characters_are_not_read_past_their_end(void **state)
{
	static const char *const typed[] = {"\xfb", "AAAA-\xe2\x82", "\xc3", "\xfd\xfb\xfa\xff"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(typed); i++) {
		g_autofree char *symbols = code_without_marks(guarded_text(typed[i]));

		assert_string_equal(symbols, typed[i]);
	}
}

static void
links_that_are_none_have_no_hash(void **state)
{
	unsigned char hash[SEAL_DIGEST_BYTES];

	(void)state;
	assert_true(parcel_link_hash("Hg7bXIZysIky8gwLE8xwjv9gQDMLIvhW4wEmSmLj5_c", hash));
	assert_false(parcel_link_hash("", hash));
	assert_false(parcel_link_hash("Hg7bXIZysIky8gwLE8xwjv9gQDMLIvhW4wEmSmLj5_", hash));
	assert_false(parcel_link_hash("Hg7bXIZysIky8gwLE8xwjv9gQDMLIvhW4wEmSmLj5_cc", hash));
	assert_false(parcel_link_hash("Hg7bXIZysIky8gwLE8xwjv9gQDMLIvhW4wEmSmLj5/c", hash));
	assert_false(parcel_link_hash("Hg7bXIZysIky8gwLE8xwjv9gQDMLIvhW4wEmSmLj5\xff_", hash));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_are_read_as_people_type_them),
		cmocka_unit_test(typing_slips_are_told_from_wrong_codes),
		cmocka_unit_test(typed_bytes_that_are_no_characters_are_not_read_past_their_end),
		cmocka_unit_test(links_that_are_none_have_no_hash),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
