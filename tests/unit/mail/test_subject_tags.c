/* Tags are removed from the subject, and nothing else in it changes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <time.h>

#include "mail/encoded_words.h"
#include "mail/mime_stream.h"
#include "mail/subject_tags.h"
#include "message_of.h"

static void
tag_leaves_and_the_rest_keeps_its_bytes(void **state)
{
	static const struct {
		const char *value, *tag, *left; /* NULL: the tag is not in it */
	} cases[] = {
		{" =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n [secure]", "[SECURE]",
		 " =?utf-8?q?Gr=C3=BC=C3=9Fe?="},
		{" [secure] one\n two", "[secure]", " one\n two"},
		{" one [secure]\n two", "[secure]", " one\n two"},
		{" one\n [secure] two", "[secure]", " one\n two"},
		{" one two\n\t[secure]", "[secure]", " one two"},
		{" [a\n b] one", "[a b]", " one"},
		{" one[secure]two", "[secure]", " onetwo"},
		{" [secure]", "[secure]", " "},
		{" [x] [secure] one [x]", "[x]", " [secure] one"},
		{" Grüße\n [geheim]  an alle", "[GEHEIM]", " Grüße\n an alle"},
		{" one", "[secure]", NULL},
		{" one", "", NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *const tags[] = {cases[i].tag, NULL};
		g_autofree char *left = subject_tags_remove(cases[i].value, tags);

		if (cases[i].left == NULL)
			assert_null(left);
		else
			assert_string_equal(left, cases[i].left);
	}
}

/* An encoded word with a tag in it, and two encoded words that would run together, are rewritten.
 */
static void
tag_leaves_encoded_words(void **state)
{
	static const char *const values[][2] = {
		{" =?utf-8?q?=5Bsecure=5D_Gr=C3=BC=C3=9Fe?= an alle", "Grüße an alle"},
		{" =?utf-8?q?Gr=C3=BC=C3=9Fe?= [secure] =?utf-8?q?=C3=84rzte?=", "Grüße Ärzte"},
		{" =?utf-8?b?W3NlY3VyZV0=?=", ""},
	};
	static const char *const tags[] = {"[secure]", NULL};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autofree char *left = subject_tags_remove(values[i][0], tags);
		g_autofree char *shown = field_shown(left);

		assert_string_equal(shown, values[i][1]);
		assert_int_equal(left[0], ' ');
	}
}

/* GMime 3.2.13 reads "[secure] Of": base64 -d of each word says the rest. */
static void
text_behind_padding_was_lost(void **state)
{
	static const char *const tags[] = {"[secure]", NULL};
	static const char value[] = " =?utf-8?b?W3NlY3VyZV0gT2Y=?=\n =?utf-8?b?ZmVy?=";
	g_autofree char *whole = field_shown(value), *left = subject_tags_remove(value, tags),
			*shown = field_shown(left);

	(void)state;
	assert_string_equal(whole, "[secure] Offer");
	assert_string_equal(shown, "Offer");
}

static bool
has_tag(void *visitor, const char *text)
{
	*(bool *)visitor |= subject_tags_has(text, "[secure]", false);
	return true;
}

/* Promise 1: test_words_oracle.py says which programs read the tag in such subjects. */
static void
tag_hid_in_a_malformed_word(void **state)
{
	static const char *const tags[] = {"[secure]", NULL};
	static const char *const values[] = {
		" =?utf-8?b?W3NlY3VyZV0?= x",
		" =?utf-8?b?W3Nl Y3Vy ZV0=?= x",
		" =?utf-8?b?W3Nl!Y3VyZV0=?= x",
		" =?utf-8?b?W3NlYw==dXJlXQ==?= x",
		" =?utf-8?q?[sec?= =?utf-8?q?ure]?= x",
		" =?utf-8?q?[sec?==?utf-8?q?ure]?= x",
		" =?utf-8*en?q?[secure]?= x",
		" =?x-unknown?b?W3NlY3VyZV0=?= x",
		" =?utf-7?q?+AFs-secure+AF0-?= x",
		" =?utf-8?q?[secure]",
		" =?utf-8?q?[sec=EF=BF?= =?utf-8?q?=B9ure]?= =?utf-8?q?=5Bsecure=5D?=",
		" =?utf-8?q?=3D=3Futf-8=3Fq=3F[secure]=3F=3D?=",
		" \"=?utf-8?q?[secure]?=\" x",
		" [sec\n\ture] x",
		" [sec\u00adure] x",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autofree char *left = subject_tags_remove(values[i], tags);
		bool before = false, after = false;

		encoded_words_each(values[i], NULL, has_tag, &before);
		if (!before || left == NULL)
			fail_msg("no tag in%s", values[i]);
		encoded_words_each(left, NULL, has_tag, &after);
		if (after)
			fail_msg("a tag is left in%s", left);
	}
}

/* Sanitized, each byte takes fifty times as long. */
#ifdef POSTSEAL_SANITIZED
enum { LONG_SUBJECT = 25000 };
#else
enum { LONG_SUBJECT = 100000 };
#endif

static void
many_words_do_not_take_long(void **state)
{
	static const char *const pieces[] = {"=?x?b?a=b-?=\n =?y?q?_=?=?", "=?a?q?", "=?",
					     "=?x?b?====", "=?x?b?a=b-_+\xc3?=\t=?x?q?_=E4?=z?= "};
	clock_t begun = clock();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autoptr(GString) value = g_string_new(" ");
		bool found = false;

		while (value->len < LONG_SUBJECT)
			g_string_append(value, pieces[i]);
		encoded_words_each(value->str, NULL, has_tag, &found);
		assert_false(found);
	}
	assert_in_range(clock() - begun, 0, 20 * CLOCKS_PER_SEC);
}

/* RFC 5322 §2.1.1: a folded subject of 1600 bytes became one line of 1608. */
static void
long_subject_stays_folded(void **state)
{
	static const char *const tags[] = {"[secure]", NULL};

	(void)state;
	for (int encoded = 0; encoded < 2; encoded++) {
		g_autoptr(GString) value =
			g_string_new(encoded ? " =?utf-8?q?=5Bsecure=5D?=" : " [secure]");
		g_autofree char *left = NULL, *before = NULL, *after = NULL;
		g_auto(GStrv) lines = NULL;

		for (int i = 0; i < 25; i++)
			g_string_append(
				value,
				"\n the quick brown fox jumps over the lazy dog, 0123456789 times");
		left = subject_tags_remove(value->str, tags);
		lines = g_strsplit(left, "\n", -1);
		for (char **line = lines; *line != NULL; line++)
			assert_in_range(strlen(*line), 1, 78);
		before = field_shown(value->str);
		after = field_shown(left);
		assert_string_equal(after, before + strlen("[secure] "));
		if (!encoded)
			assert_string_equal(left, value->str + strlen(" [secure]\n"));
	}
}

/* A word of more than 998 bytes leaves no place to break the line. */
static void
word_that_fits_no_line_is_encoded(void **state)
{
	static const char *const tags[] = {"[secure]", NULL};
	g_autofree char *word = g_strnfill(1500, 'x');
	g_autofree char *encoded = g_base64_encode((const guchar *)"[secure] ", 9);
	g_autofree char *value = g_strdup_printf(" =?utf-8?b?%s?= %s", encoded, word);
	g_autofree char *left = subject_tags_remove(value, tags);
	g_autofree char *shown = field_shown(left);
	g_auto(GStrv) lines = g_strsplit(left, "\n", -1);

	(void)state;
	for (char **line = lines; *line != NULL; line++)
		assert_in_range(strlen(*line), 1, 998);
	assert_string_equal(shown, word);
}

static void
many_tags_do_not_take_long(void **state)
{
	static const char *const tags[] = {"[x]", NULL};
	g_autoptr(GString) value = g_string_new(" ");
	g_autofree char *left = NULL;
	clock_t begun = clock();

	(void)state;
	for (int i = 0; i < 20000; i++)
		g_string_append(value, "[x]");
	left = subject_tags_remove(value->str, tags);
	assert_non_null(left);
	assert_in_range(clock() - begun, 0, 20 * CLOCKS_PER_SEC);
}

static void
telephone_number_is_found_in_the_tag(void **state)
{
	g_autoptr(message_auto) message =
		message_of("Subject: [secure] [sms:+41791234567] Your bill\n\n");
	g_autoptr(message_auto) other = message_of("Subject: [sms:0791234567] Your bill\n\n");
	g_autoptr(message_auto) planted =
		message_of("Subject: Re: Your bill [sms:+41791234567]\n\n");
	g_autofree char *number = NULL, *none = NULL;
	g_autofree char *tag = subject_tags_phone(message, &number);

	(void)state;
	assert_string_equal(tag, "[sms:+41791234567]");
	assert_string_equal(number, "+41791234567");
	assert_null(subject_tags_phone(other, &none));
	assert_null(subject_tags_phone(planted, &none));
}

static void
tag_of_somebody_else_does_not_lead(void **state)
{
	static const struct {
		const char *subject;
		bool leads;
	} cases[] = {
		{"[plain] Offer", true},
		{"  [PLAIN]Offer", true},
		{"[a] [b][plain] Offer", true},
		{"Offer [plain]", false},
		{"Re: [plain] Offer", false},
		{"[ext] Re: Offer [plain]", false},
		{"Offer", false},
		{"", false},
		{"[plai] n] [plain]", false},
		{"[unclosed [plain]", true},
		{"\xff[plain]", false},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_int_equal(subject_tags_has(cases[i].subject, "[plain]", true),
				 cases[i].leads);
	assert_true(subject_tags_has("Re: Offer [Plain]", "[plain]", false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tag_leaves_and_the_rest_keeps_its_bytes),
		cmocka_unit_test(tag_leaves_encoded_words),
		cmocka_unit_test(text_behind_padding_was_lost),
		cmocka_unit_test(tag_hid_in_a_malformed_word),
		cmocka_unit_test(many_words_do_not_take_long),
		cmocka_unit_test(long_subject_stays_folded),
		cmocka_unit_test(word_that_fits_no_line_is_encoded),
		cmocka_unit_test(many_tags_do_not_take_long),
		cmocka_unit_test(telephone_number_is_found_in_the_tag),
		cmocka_unit_test(tag_of_somebody_else_does_not_lead),
	};

	mime_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
