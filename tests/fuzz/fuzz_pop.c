/*
 * What mail clients send, and the messages that they are sent: a command is taken apart, a password
 * read from SASL PLAIN, and a message written as a reply of several lines, which must come out of
 * it again as it was.
 *
 * Input: how many bytes the message is written in at a time, how many lines of TOP, and the rest.
 */
#include <glib.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>

#include "portal/long_code.h"
#include "portal/pop/command.h"
#include "portal/pop/multiline.h"
#include "portal/sasl.h"

enum { GROUPS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_command(const char *line, size_t length)
{
	struct pop_command command;
	char code[LONG_CODE_CHARACTERS(GROUPS) + 1];

	pop_command_read(&command, line, length);
	g_assert(command.verb < POP_VERBS);
	g_assert(command.text >= line && strlen(command.text) <= length);
	long_code_read(code, GROUPS, command.text);
	g_assert(strlen(code) < sizeof code);
}

static void
try_plain(const char *line)
{
	g_autofree char *user = NULL, *password = NULL;

	if (sasl_plain_read(line, &user, &password))
		g_assert(*user != '\0' && *password != '\0');
	else
		g_assert(user == NULL && password == NULL);
}

/* --- messages --- */

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

static GString *
sent(const char *message, size_t length, size_t piece, const unsigned long *lines_max)
{
	struct text_sink text = {.sink = {.write = take}, .text = g_string_new(NULL)};
	struct multiline_sink multiline;
	struct fault fault;

	multiline_sink_init(&multiline, &text.sink, lines_max);
	for (size_t done = 0; done < length; done += piece)
		sink_write(&multiline.sink, message + done, MIN(piece, length - done), &fault);
	sink_finish(&multiline.sink, &fault);
	return text.text;
}

/* As the strictest and the most lenient client read it: until the first line with a dot alone. */
static GString *
received(const GString *reply)
{
	GString *message = g_string_new(NULL);
	const char *at = reply->str, *end = at + reply->len;

	for (;;) {
		const char *feed = memchr(at, '\n', (size_t)(end - at));

		g_assert(feed != NULL && feed > at && feed[-1] == '\r');
		if (*at == '.' && feed - at == 2) {
			g_assert(feed + 1 == end);
			return message;
		}
		at += *at == '.';
		g_string_append_len(message, at, feed + 1 - at);
		at = feed + 1;
	}
}

/* Each line feed with a carriage return before it, and one of both at the end. */
static GString *
with_crlf(const char *message, size_t length)
{
	GString *wanted = g_string_new(NULL);

	for (size_t i = 0; i < length; i++) {
		if (message[i] == '\n' && (i == 0 || message[i - 1] != '\r'))
			g_string_append_c(wanted, '\r');
		g_string_append_c(wanted, message[i]);
	}
	if (length > 0 && message[length - 1] != '\n')
		g_string_append(wanted, message[length - 1] == '\r' ? "\n" : "\r\n");
	return wanted;
}

static void
try_message(const char *message, size_t length, size_t piece, unsigned long lines)
{
	GString *reply = sent(message, length, piece, NULL);
	GString *top = sent(message, length, piece, &lines);
	GString *whole = received(reply), *beginning = received(top);
	GString *wanted = with_crlf(message, length);

	g_assert(g_string_equal(whole, wanted));
	g_assert(beginning->len <= whole->len &&
		 memcmp(beginning->str, whole->str, beginning->len) == 0);
	g_string_free(reply, TRUE);
	g_string_free(top, TRUE);
	g_string_free(whole, TRUE);
	g_string_free(beginning, TRUE);
	g_string_free(wanted, TRUE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = NULL;

	if (size < 2 || sodium_init() < 0)
		return 0;
	text = g_malloc(size - 1);
	memcpy(text, data + 2, size - 2);
	text[size - 2] = '\0';
	if (size - 2 <= POP_LINE_MAX) {
		try_command(text, size - 2);
		try_plain(text);
	}
	try_message(text, size - 2, 1 + data[0] % 64u, data[1]);
	return 0;
}
