/* A message as the body of a reply: dots, line ends and the lines of TOP, however the bytes arrive.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "portal/pop/multiline.h"

struct text_sink {
	struct sink sink;
	GString *text;
};

static bool
take(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	(void)fault;
	g_string_append_len(((struct text_sink *)sink)->text, data, (gssize)length);
	return true;
}

/* In pieces of so many bytes. */
static char *
sent(const char *message, const unsigned long *lines_max, size_t piece)
{
	struct text_sink text = {.sink = {.write = take}, .text = g_string_new(NULL)};
	struct multiline_sink multiline;
	size_t length = strlen(message);
	struct fault fault;

	multiline_sink_init(&multiline, &text.sink, lines_max);
	for (size_t done = 0; done < length; done += piece)
		assert_true(sink_write(&multiline.sink, message + done, MIN(piece, length - done),
				       &fault));
	assert_true(sink_finish(&multiline.sink, &fault));
	return g_string_free(text.text, FALSE);
}

static void
expect(const char *message, const unsigned long *lines_max, const char *wanted)
{
	for (size_t piece = 1; piece <= strlen(message) + 1; piece++) {
		g_autofree char *got = sent(message, lines_max, piece);

		if (strcmp(got, wanted) != 0)
			fail_msg("in pieces of %zu: \"%s\" instead of \"%s\"", piece, got, wanted);
	}
}

static void
message_with_crlf_arrives_as_it_is(void **state)
{
	(void)state;
	expect("A: b\r\n\r\nText.\r\n", NULL, "A: b\r\n\r\nText.\r\n.\r\n");
	expect("A: b\r\n\r\nhalf\rline\r\r\n", NULL, "A: b\r\n\r\nhalf\rline\r\r\n.\r\n");
	expect("", NULL, ".\r\n");
}

static void
dots_at_the_beginning_are_doubled(void **state)
{
	(void)state;
	expect(".\r\n..\r\n.a\r\na.\r\n", NULL, "..\r\n...\r\n..a\r\na.\r\n.\r\n");
	expect(".", NULL, "..\r\n.\r\n");
}

static void
message_cannot_end_its_own_reply(void **state)
{
	(void)state;
	expect("a\n.\n+OK\n", NULL, "a\r\n..\r\n+OK\r\n.\r\n");
	expect("a\n.\r\n+OK", NULL, "a\r\n..\r\n+OK\r\n.\r\n");
	expect("a\r.\r\nb\r\n", NULL, "a\r.\r\nb\r\n.\r\n");
}

static void
last_line_is_ended(void **state)
{
	(void)state;
	expect("a", NULL, "a\r\n.\r\n");
	expect("a\r", NULL, "a\r\n.\r\n");
	expect("a\n", NULL, "a\r\n.\r\n");
	expect("\r\n\r", NULL, "\r\n\r\n.\r\n");
}

static void
top_has_header_and_so_many_lines(void **state)
{
	static const char message[] = "A: b\r\n c\r\n\r\n.1\r\n\r\n3\r\n";
	const unsigned long none = 0, one = 1, two = 2, many = 99;

	(void)state;
	expect(message, &none, "A: b\r\n c\r\n\r\n.\r\n");
	expect(message, &one, "A: b\r\n c\r\n\r\n..1\r\n.\r\n");
	expect(message, &two, "A: b\r\n c\r\n\r\n..1\r\n\r\n.\r\n");
	expect(message, &many, "A: b\r\n c\r\n\r\n..1\r\n\r\n3\r\n.\r\n");
	expect("A: b\n\nText\n", &none, "A: b\r\n\r\n.\r\n");
	expect("A: b", &none, "A: b\r\n.\r\n");
	expect("A: b\r\n\r\r\nText\r\n\r\nBody\r\n", &none, "A: b\r\n\r\r\nText\r\n\r\n.\r\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_with_crlf_arrives_as_it_is),
		cmocka_unit_test(dots_at_the_beginning_are_doubled),
		cmocka_unit_test(message_cannot_end_its_own_reply),
		cmocka_unit_test(last_line_is_ended),
		cmocka_unit_test(top_has_header_and_so_many_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
