#include "mail/boundary_lines.h"

#include <string.h>

enum {
	PIECE_BYTES = 65536,
	LINE_BYTES = 1024,    /* what is looked at */
	BOUNDARY_BYTES = 512, /* more than anybody writes: RFC 2046 allows 70 */
};

/* --- the boundaries, sorted, without the blanks at their ends --- */

static void
collect(GMimeObject *object, GPtrArray *boundaries)
{
	GMimeMessage *message =
		GMIME_IS_MESSAGE_PART(object)
			? g_mime_message_part_get_message(GMIME_MESSAGE_PART(object))
			: NULL;
	const char *boundary;

	if (message != NULL && g_mime_message_get_mime_part(message) != NULL)
		collect(g_mime_message_get_mime_part(message), boundaries);
	if (!GMIME_IS_MULTIPART(object))
		return;
	boundary = g_mime_object_get_content_type_parameter(object, "boundary");
	if (boundary != NULL)
		g_ptr_array_add(boundaries, g_strchomp(g_strdup(boundary)));
	for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(object)); i++)
		collect(g_mime_multipart_get_part(GMIME_MULTIPART(object), i), boundaries);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* If one begins with another, so does everything between them in this order: it is enough to
 * compare neighbours. */
static bool
are_distinct(const GPtrArray *boundaries)
{
	for (guint i = 0; i < boundaries->len; i++) {
		const char *boundary = g_ptr_array_index(boundaries, i);
		const char *before = i == 0 ? boundary : g_ptr_array_index(boundaries, i - 1);

		if (strlen(boundary) > BOUNDARY_BYTES ||
		    (strcmp(before, boundary) != 0 && g_str_has_prefix(boundary, before)))
			return false;
	}
	return true;
}

/* --- the lines --- */

/* None of the boundaries begins with another, so only the last one that is not behind the line can
 * be its beginning. */
static const char *
boundary_at(const GPtrArray *boundaries, const char *text)
{
	guint from = 0, to = boundaries->len;
	const char *last;

	while (from < to) {
		guint middle = from + (to - from) / 2;

		if (strcmp(g_ptr_array_index(boundaries, middle), text) <= 0)
			from = middle + 1;
		else
			to = middle;
	}
	last = from == 0 ? NULL : g_ptr_array_index(boundaries, from - 1);
	return last != NULL && g_str_has_prefix(text, last) ? last : NULL;
}

struct look {
	const GPtrArray *boundaries;
	GString *line;
	bool is_behind_cr;     /* the line follows a CR */
	bool follows_boundary; /* which ends a boundary */
};

/* Python and Thunderbird take a lone CR for the end of a line, and GMime does not: next to it, a
 * boundary is one for some only. A line behind the CR of a CRLF is empty. */
static bool
is_clear_line(struct look *look, char end)
{
	const char *line = look->line->str;
	const char *boundary =
		g_str_has_prefix(line, "--") ? boundary_at(look->boundaries, line + 2) : NULL;
	const char *rest = boundary == NULL ? NULL : line + 2 + strlen(boundary);
	bool is_clear = look->line->len == 0 ||
			!(look->is_behind_cr && (rest != NULL || look->follows_boundary));

	if (rest != NULL) {
		rest += g_str_has_prefix(rest, "--") ? 2 : 0;
		is_clear &= rest + strspn(rest, " \t") == line + look->line->len;
	}
	look->follows_boundary =
		end == '\r' && (rest != NULL || (look->follows_boundary && look->line->len == 0));
	look->is_behind_cr = end == '\r';
	g_string_truncate(look->line, 0);
	return is_clear;
}

static bool
are_clear_lines(const GPtrArray *boundaries, GMimeStream *stream)
{
	g_autoptr(GString) line = g_string_new(NULL);
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	struct look look = {.boundaries = boundaries, .line = line};
	bool is_clear = true;
	ssize_t got;

	while (is_clear && (got = g_mime_stream_read(stream, piece, PIECE_BYTES)) > 0)
		for (const char *at = piece, *end = piece + got; is_clear && at < end;) {
			const char *stop = memchr(at, '\n', (size_t)(end - at));
			const char *cr =
				memchr(at, '\r', (size_t)((stop == NULL ? end : stop) - at));
			size_t length;

			stop = cr != NULL ? cr : stop;
			length = (size_t)((stop == NULL ? end : stop) - at);
			g_string_append_len(line, at, (gssize)MIN(length, LINE_BYTES - line->len));
			at += length + (stop != NULL);
			if (stop != NULL)
				is_clear = is_clear_line(&look, *stop);
		}
	return is_clear && is_clear_line(&look, '\n');
}

bool
boundary_lines_are_clear(GMimeObject *root, GMimeStream *stream)
{
	g_autoptr(GPtrArray) boundaries = g_ptr_array_new_with_free_func(g_free);

	collect(root, boundaries);
	if (boundaries->len == 0)
		return true;
	g_ptr_array_sort(boundaries, compare);
	if (!are_distinct(boundaries))
		return false;
	g_mime_stream_reset(stream);
	return are_clear_lines(boundaries, stream);
}
