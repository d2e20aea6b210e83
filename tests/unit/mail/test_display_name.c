/* A name that a stranger chose hides no address, makes up none, and is shown as it is. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <gmime/gmime.h>
#include <string.h>

#include "mail/display_name.h"
#include "mail/letter.h"

static void
names_of_people_are_plain(void **state)
{
	static const char *const names[] = {"Kim Roe-Šimić",
					    "Dr. med. Anna O'Neill, LL.M.",
					    "山田\u3000太郎",
					    "Nguyễn Văn A",
					    "Nguye\u0302\u0303n",
					    "Müller & Söhne",
					    "नरेन्द्र",
					    "เกียรติศักดิ์",
					    "דוד",
					    "4711 Service",
					    "Anna\u00a0Becker"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (!display_name_is_plain(names[i]))
			fail_msg("%s is refused", names[i]);
}

static void
name_that_hides_or_makes_up_an_address_is_refused(void **state)
{
	static const char *const names[] = {
		"",
		"=?utf-8?b?Q0VPIDxjZW9AZXhhbXBsZS5jb20+?= é",
		"=?utf-8?b?4oCu?=",
		"anna@example.com",
		"anna＠example.com",
		"Anna ＜anna",
		"Anna (anna",
		"a\"b",
		"a\\b",
		"a\nb",
		"a\u202eb",
		"a\u2028b",
		"a\u2029b",
		"a\u00adb",
		"\u3164",
		"\u2800",
		"A\u2800\u2800\u2800\u2800B",
		"A\u115f\u1160B",
		"\uffa0A",
		"A  B",
		"A\u3000\u3000B",
		"A\u2003B",
		"A \u00a0B",
		"a\ufe0fb",
		"A\u0300\u0300\u0300\u0300",
		"123 456",
		"...",
		"\xff",
		"A\ue000",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (display_name_is_plain(names[i]))
			fail_msg("name %zu, \"%s\", is accepted", i, names[i]);
}

static void
length_of_a_name_is_bounded(void **state)
{
	g_autofree char *most = g_strnfill(DISPLAY_NAME_MAX, 'x');
	g_autofree char *more = g_strnfill(DISPLAY_NAME_MAX + 1, 'x');

	(void)state;
	assert_true(display_name_is_plain(most));
	assert_false(display_name_is_plain(more));
}

/* --- in a header field --- */

static char *
shown_name(const char *field)
{
	InternetAddressList *list = internet_address_list_parse(NULL, field);
	char *name;

	assert_non_null(list);
	assert_int_equal(internet_address_list_length(list), 1);
	name = g_strdup(internet_address_get_name(internet_address_list_get_address(list, 0)));
	g_object_unref(list);
	return name;
}

static void
name_that_looks_encoded_is_shown_as_it_is(void **state)
{
	g_autofree char *many = g_strnfill(200, 'y');
	g_autofree char *longest = g_strconcat("=?utf-8?q?x?= é", many, NULL);
	const char *const names[] = {"=?utf-8?b?Q0VPIDxjZW9AZXhhbXBsZS5jb20+?= é (a@evil.example)",
				     "=?utf-8?q?CEO?=",
				     "=?utf-8?b?4oCu?= Kim",
				     "=?",
				     longest,
				     "Kim Roe-Šimić (kim@x)",
				     "Example Corp"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *field = letter_mailbox(names[i], "a@evil.example");
		g_autofree char *shown = shown_name(field);
		g_auto(GStrv) lines = g_strsplit(field, "\r\n", -1);

		assert_string_equal(shown, names[i]);
		assert_true(g_str_has_suffix(field, " <a@evil.example>"));
		for (char **line = lines; *line != NULL; line++)
			assert_true(strlen(*line) < 200);
	}
}

static void
subject_that_looks_encoded_is_shown_as_it_is(void **state)
{
	static const char *const subjects[] = {"=?utf-8?q?Paid?= =?utf-8?q?by_CEO?=", "Grüße",
					       "Re: plain"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(subjects); i++) {
		g_autofree char *field = letter_subject(subjects[i]);
		g_autofree char *shown = g_mime_utils_header_decode_text(NULL, field);

		assert_string_equal(shown, subjects[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_people_are_plain),
		cmocka_unit_test(name_that_hides_or_makes_up_an_address_is_refused),
		cmocka_unit_test(length_of_a_name_is_bounded),
		cmocka_unit_test(name_that_looks_encoded_is_shown_as_it_is),
		cmocka_unit_test(subject_that_looks_encoded_is_shown_as_it_is),
	};

	g_mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
