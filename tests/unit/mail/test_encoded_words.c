/* Values of header fields that programs read differently: what is seen, and at what cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs those above. */
#include <cmocka.h>

#include "mail/charset.h"
#include "mail/encoded_words.h"
#include "mail/mime_stream.h"

static unsigned guesses;

const char *__real_charset_find(const char *declared, bool is_html, const char *beginning,
				size_t length);
const char *__wrap_charset_find(const char *declared, bool is_html, const char *beginning,
				size_t length);
const char *
__wrap_charset_find(const char *declared, bool is_html, const char *beginning, size_t length)
{
	guesses++;
	return __real_charset_find(declared, is_html, beginning, length);
}

struct search {
	const char *text;
	bool found;
};

static bool
look(void *visitor, const char *text)
{
	struct search *search = visitor;

	search->found |= strstr(text, search->text) != NULL;
	return true;
}

static bool
shows(const char *value, const char *text)
{
	struct search search = {.text = text};

	encoded_words_each(value, NULL, look, &search);
	return search.found;
}

/* Promise 1: a byte order mark in a word hid the rest of it, which programs show that heed the
 * character set that is declared. */
static void
two_bytes_hid_a_subject(void **state)
{
	(void)state;
	assert_true(shows(" =?iso-8859-1?q?=FF=FE4111111111111111_?=", "4111111111111111"));
	assert_true(shows(" =?utf-8?q?=FE=FF4111111111111111_?=", "4111111111111111"));
	assert_true(shows(" =?ibm037?q?4111111111111111?=", "4111111111111111"));
	assert_true(shows(" =?utf-7?q?4111111111111111?=", "4111111111111111"));
}

/* A value of 2 kB in which each choice of a program's makes a difference. Caller frees. */
static GString *
doubtful_value(void)
{
	static const char *const words[] = {
		"=?a?b?5Pb83+k==5Pb83+k-_?=\t",
		"=?b?q?=E4=F6=FC=DF=E9_?x=E4?= ", "=?koi8-r?q?=E4=F6=FC=DF=E9_?=\r\n =?="};
	GString *value = g_string_new(" ");

	for (size_t i = 0; value->len < 1950; i++)
		g_string_append(value, words[i % G_N_ELEMENTS(words)]);
	return value;
}

/* One value of 2 kB took ten seconds. */
static void
each_word_was_guessed_anew_in_each_reading(void **state)
{
	g_autoptr(GString) value = doubtful_value();

	(void)state;
	guesses = 0;
	assert_false(shows(value->str, "4111"));
	assert_in_range(guesses, 1, 2000);
}

static bool
count_bytes(void *visitor, const char *text)
{
	*(size_t *)visitor += strlen(text);
	return true;
}

/* A hundred of them still took half a minute. */
static void
many_values_are_read_within_a_limit(void **state)
{
	struct reading_limit limit = {.left = READINGS_BYTES};
	g_autoptr(GString) value = doubtful_value();
	size_t bytes = 0;
	struct fault fault;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_true(encoded_words_each(value->str, &limit, count_bytes, &bytes));
	assert_true(reading_limit_is_kept(&limit, &fault));
	for (int i = 0; i < 100; i++)
		encoded_words_each(value->str, &limit, count_bytes, &bytes);
	assert_false(reading_limit_is_kept(&limit, &fault));
	assert_int_equal(fault.cause, FAULT_INPUT);
	assert_in_range(bytes, 1, READINGS_BYTES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_bytes_hid_a_subject),
		cmocka_unit_test(each_word_was_guessed_anew_in_each_reading),
		cmocka_unit_test(many_values_are_read_within_a_limit),
	};

	mime_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
