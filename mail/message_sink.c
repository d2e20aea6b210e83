#include "mail/message_sink.h"

#include <string.h>

static bool
end_line(struct message_sink *reader, struct fault *fault)
{
	GString *line = reader->line;
	bool good;

	if (line->len > 0 && line->str[line->len - 1] == '\r')
		g_string_truncate(line, line->len - 1);
	reader->in_body = line->len == 0;
	good = message_add_header_line(reader->message, reader->field, line->str) ||
	       fault_set(fault, FAULT_INPUT, "reading the header: the line “%.60s” is not a field",
			 line->str);
	g_string_truncate(line, 0);
	return good;
}

static bool
take(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct message_sink *reader = (struct message_sink *)sink;
	const char *next = data, *end = next + length;

	while (!reader->in_body && next < end) {
		const char *found = memchr(next, '\n', (size_t)(end - next));
		const char *stop = found == NULL ? end : found;

		g_string_append_len(reader->line, next, stop - next);
		next = found == NULL ? end : found + 1;
		if (found != NULL && !end_line(reader, fault))
			return false;
	}
	return next == end || message_add_body(reader->message, next, (size_t)(end - next), fault);
}

static bool
finish(struct sink *sink, struct fault *fault)
{
	const struct message_sink *reader = (const struct message_sink *)sink;

	return reader->in_body ||
	       fault_set(fault, FAULT_INPUT, "reading the header: it has no end");
}

void
message_sink_init(struct message_sink *reader, struct message *message)
{
	*reader = (struct message_sink){.sink = {.write = take, .finish = finish},
					.message = message,
					.line = g_string_new(NULL),
					.field = g_string_new(NULL)};
}

void
message_sink_clear(struct message_sink *reader)
{
	g_string_free(reader->line, TRUE);
	g_string_free(reader->field, TRUE);
}
