#include "mail/header_shape.h"

#include <string.h>

enum { PIECE_BYTES = 4096, BEFORE_BYTES = 256, HEADER_BYTES_MAX = 1024 * 1024 };

/* --- a header, line by line --- */

struct shape {
	enum { LINE_START, MARK, NAME, VALUE, BLANKS, CR } place;
	bool has_field;	   /* that the next line may continue */
	bool was_at_start; /* before the CR */
	bool has_ended, is_broken;
};

static bool
is_of_name(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != ':';
}

static void
begin_line(struct shape *shape, unsigned char c)
{
	if (c == ' ' || c == '\t') {
		shape->place = BLANKS;
		shape->is_broken = !shape->has_field;
	} else {
		shape->place = c == '-' ? MARK : NAME;
		shape->is_broken = !is_of_name(c);
		shape->has_field = true;
	}
}

static void
end_line(struct shape *shape, bool was_at_start)
{
	shape->has_ended = was_at_start;
	shape->is_broken |= shape->place == NAME || shape->place == BLANKS || shape->place == MARK;
	shape->place = LINE_START;
}

/* A part without a body ends at the next boundary, which begins with "--". */
static void
see(struct shape *shape, unsigned char c)
{
	bool is_start = shape->place == LINE_START;

	if (c == '\0' || (shape->place == CR && c != '\n')) {
		shape->is_broken = true;
	} else if (shape->place == CR) {
		shape->place = VALUE;
		end_line(shape, shape->was_at_start);
	} else if (c == '\n') {
		end_line(shape, is_start);
	} else if (c == '\r') {
		shape->is_broken = shape->place != VALUE && !is_start;
		shape->was_at_start = is_start;
		shape->place = CR;
	} else if (is_start) {
		begin_line(shape, c);
	} else if (shape->place == MARK && c == '-') {
		shape->has_ended = true;
	} else if (shape->place == MARK || shape->place == NAME) {
		shape->place = c == ':' ? VALUE : NAME;
		shape->is_broken = c != ':' && !is_of_name(c);
	} else if (shape->place == BLANKS && c != ' ' && c != '\t') {
		shape->place = VALUE;
	}
}

static bool
is_clear_from(GMimeStream *stream, gint64 start)
{
	struct shape shape = {.place = LINE_START};
	char piece[PIECE_BYTES];
	size_t total = 0;
	ssize_t got;

	g_mime_stream_seek(stream, start, GMIME_STREAM_SEEK_SET);
	while (!shape.has_ended && !shape.is_broken && total < HEADER_BYTES_MAX &&
	       (got = g_mime_stream_read(stream, piece, sizeof piece)) > 0) {
		for (ssize_t i = 0; i < got && !shape.has_ended && !shape.is_broken; i++)
			see(&shape, (unsigned char)piece[i]);
		total += (size_t)got;
	}
	return !shape.is_broken && total < HEADER_BYTES_MAX;
}

/* A header follows a boundary, or the empty line that ends the header around it. */
static bool
begins_there(GMimeStream *stream, gint64 start)
{
	char before[BEFORE_BYTES + 1] = {0};
	gint64 from = MAX(start - BEFORE_BYTES, 0);
	ssize_t length;
	char *line;

	if (start == 0)
		return true;
	g_mime_stream_seek(stream, from, GMIME_STREAM_SEEK_SET);
	length = g_mime_stream_read(stream, before, (size_t)(start - from));
	if (length <= 0 || before[length - 1] != '\n')
		return false;
	before[length - 1] = '\0';
	line = strrchr(before, '\n');
	line = line == NULL ? before : line + 1;
	return *line == '\0' || strcmp(line, "\r") == 0 || g_str_has_prefix(line, "--");
}

/* --- the headers of a message --- */

/* The offset of the first field; -1: there is none. */
static gint64
first_offset(GMimeObject *object)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(object);
	gint64 first = -1;

	for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
		gint64 at = g_mime_header_get_offset(g_mime_header_list_get_header_at(list, i));

		if (at >= 0 && (first < 0 || at < first))
			first = at;
	}
	return first;
}

static bool
is_clear_at(GMimeStream *stream, gint64 start)
{
	return start < 0 || (begins_there(stream, start) && is_clear_from(stream, start));
}

static bool is_clear_within(GMimeObject *object, GMimeStream *stream);

/* The header of a message also contains the fields of its entity. */
static bool
is_clear_message(GMimeMessage *message, GMimeStream *stream)
{
	GMimeObject *entity = g_mime_message_get_mime_part(message);
	gint64 outer = first_offset(GMIME_OBJECT(message));
	gint64 inner = entity == NULL ? -1 : first_offset(entity);
	gint64 start = outer < 0 || (inner >= 0 && inner < outer) ? inner : outer;

	return is_clear_at(stream, start) && (entity == NULL || is_clear_within(entity, stream));
}

static bool
is_clear_within(GMimeObject *object, GMimeStream *stream)
{
	if (GMIME_IS_MESSAGE_PART(object)) {
		GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));

		return message == NULL || is_clear_message(message, stream);
	}
	for (int i = 0;
	     GMIME_IS_MULTIPART(object) && i < g_mime_multipart_get_count(GMIME_MULTIPART(object));
	     i++)
		if (!headers_are_clear(g_mime_multipart_get_part(GMIME_MULTIPART(object), i),
				       stream))
			return false;
	return true;
}

bool
headers_are_clear(GMimeObject *root, GMimeStream *stream)
{
	return is_clear_at(stream, first_offset(root)) && is_clear_within(root, stream);
}
