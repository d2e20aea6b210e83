#include "mail/document/text_out.h"

#include <string.h>

#include "core/reader/serve.h"

static struct {
	char bytes[READER_PIECE_MAX];
	size_t length;
} held;

void
text_out_flush(void)
{
	if (held.length > 0)
		reader_tell(READER_TEXT, held.bytes, held.length);
	held.length = 0;
}

void
text_out(const char *text, size_t length)
{
	while (length > 0) {
		size_t most = MIN(length, sizeof held.bytes - held.length);

		memcpy(held.bytes + held.length, text, most);
		held.length += most;
		text += most;
		length -= most;
		if (held.length == sizeof held.bytes)
			text_out_flush();
	}
}

void
text_out_line(void)
{
	text_out("\n", 1);
}

void
text_line_begin(struct text_line *line)
{
	if (line->wide == NULL) {
		line->wide = g_string_new(NULL);
		line->narrow = g_string_new(NULL);
	}
	g_string_truncate(line->wide, 0);
	g_string_truncate(line->narrow, 0);
	line->differs = false;
}

void
text_line_clear(struct text_line *line)
{
	if (line->wide == NULL)
		return;
	g_string_free(line->wide, TRUE);
	g_string_free(line->narrow, TRUE);
	*line = (struct text_line){NULL};
}

void
text_line_put(struct text_line *line, const char *text, size_t length, bool is_hidden)
{
	g_string_append_len(line->wide, text, (gssize)length);
	if (is_hidden)
		line->differs = true;
	else
		g_string_append_len(line->narrow, text, (gssize)length);
}

static void
show(const GString *text, char end)
{
	text_out(text->str, text->len);
	text_out(&end, end != '\0');
}

void
text_line_end(struct text_line *line, char end)
{
	if (line->wide->len > 0)
		show(line->wide, line->differs ? '\n' : end);
	if (line->differs && line->narrow->len > 0)
		show(line->narrow, end);
	text_line_begin(line);
}
