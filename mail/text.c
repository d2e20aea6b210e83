#include "mail/text.h"

#include <string.h>

#include "mail/mime_stream.h"

enum {
	WINDOW_BYTES = 1024 * 1024, /* what an expression sees at once */
	OVERLAP_BYTES = 64 * 1024,  /* of one window with the next */
};

/* The regular expressions are told that the text is UTF-8, so it must be. */
static void
make_valid(char *text, size_t length)
{
	const char *end;

	while (!g_utf8_validate_len(text, length, &end)) {
		size_t good = (size_t)(end - text);

		text[good] = '?';
		text += good;
		length -= good;
	}
}

/* Up to the last character that is complete. */
static size_t
whole_characters(const char *text, size_t length)
{
	size_t cut = length;

	while (cut > 0 && length - cut < 4 && ((unsigned char)text[cut - 1] & 0xc0) == 0x80)
		cut--;
	if (cut > 0 && ((unsigned char)text[cut - 1] & 0xc0) == 0xc0)
		cut--;
	return length - cut < 4 ? cut : length;
}

struct reading {
	text_visit *visit;
	void *visitor;
	bool go_on;
};

/* What cannot be read is said by the stream afterwards (parts_each()); nothing is made of what came before. */
static void
read_windows(GMimeStream *text, struct reading *reading)
{
	g_autofree char *window = g_malloc(WINDOW_BYTES);
	size_t held = 0;

	while (reading->go_on) {
		ssize_t got = g_mime_stream_read(text, window + held, WINDOW_BYTES - held);
		size_t whole;

		if (got < 0)
			return;
		held += (size_t)got;
		if (got > 0 && held < WINDOW_BYTES)
			continue;
		whole = got > 0 ? whole_characters(window, held) : held;
		make_valid(window, whole);
		reading->go_on = reading->visit(reading->visitor, window, whole);
		if (got == 0)
			return;
		memmove(window, window + held - OVERLAP_BYTES, OVERLAP_BYTES);
		held = OVERLAP_BYTES;
		/* The overlap must not begin within a character. */
		for (size_t i = 0; i < 3 && ((unsigned char)window[i] & 0xc0) == 0x80; i++)
			window[i] = ' ';
	}
}

static bool
read_text_part(GMimeObject *part, void *data)
{
	struct reading *reading = data;
	const char *charset = g_mime_object_get_content_type_parameter(part, "charset");
	GMimeStream *stream;
	GMimeFilter *filter;

	if (!GMIME_IS_PART(part) || !g_mime_content_type_is_type(g_mime_object_get_content_type(part), "text", "*"))
		return true;
	stream = mime_stream_of_part(GMIME_PART(part));
	filter = charset == NULL ? NULL : g_mime_filter_charset_new(charset, "utf-8");
	if (filter != NULL && GMIME_IS_STREAM_FILTER(stream))
		g_mime_stream_filter_add(GMIME_STREAM_FILTER(stream), filter);
	g_clear_object(&filter);
	read_windows(stream, reading);
	g_object_unref(stream);
	return reading->go_on;
}

bool
text_each(struct parts *parts, text_visit *visit, void *visitor, struct fault *fault)
{
	struct reading reading = {visit, visitor, true};

	return parts_each(parts, read_text_part, &reading, fault);
}
