#include "mail/uuencode.h"

#include <string.h>

enum { LINE_BYTES = 1000, PIECE_BYTES = 16384 };

/* Its name is within what follows (RFC 1741). */
static const char binhex[] = "(This file must be converted with BinHex";

/* "begin 644 name", "begin-base64 644 name", "=ybegin line=128 size=1 name=name". */
static const char *
name_in(const char *line)
{
	const char *name;

	if (g_str_has_prefix(line, "=ybegin ")) {
		name = strstr(line, " name=");
		return name == NULL ? NULL : name + strlen(" name=");
	}
	if (!g_str_has_prefix(line, "begin "))
		name = g_str_has_prefix(line, "begin-base64 ") ? line + strlen("begin-base64 ")
							       : NULL;
	else
		name = line + strlen("begin ");
	if (name == NULL)
		return NULL;
	name += strspn(name, " ");
	if (strspn(name, "01234567") < 3 || name[strspn(name, "01234567")] != ' ')
		return NULL;
	name += strspn(name, "01234567");
	return name + strspn(name, " ");
}

struct scan {
	char line[LINE_BYTES + 1]; /* the beginning of a line that may begin a file */
	size_t length;
	bool passes_over; /* skips the rest of a line that does not */
	uuencode_visit *visit;
	void *visitor;
	bool go_on;
};

static void
end_line(struct scan *scan)
{
	const char *name;

	scan->line[scan->length] = '\0';
	scan->length = 0;
	if (g_str_has_prefix(scan->line, binhex)) {
		scan->go_on = scan->visit(scan->visitor, NULL);
		return;
	}
	name = name_in(scan->line);
	if (name != NULL)
		scan->go_on = scan->visit(scan->visitor, g_strchomp((char *)name));
}

static void
take_line(struct scan *scan, const char *text, size_t length)
{
	if (scan->length == 0 && length > 0)
		scan->passes_over =
			scan->passes_over || strchr("b=(", *text) == NULL || *text == '\0';
	if (scan->passes_over)
		return;
	length = MIN(length, LINE_BYTES - scan->length);
	memcpy(scan->line + scan->length, text, length);
	scan->length += length;
}

/* Nearly all lines are skipped as fast as their end is found. */
static void
scan_piece(struct scan *scan, const char *piece, size_t length)
{
	const char *end = piece + length;

	while (piece < end && scan->go_on) {
		const char *lf = memchr(piece, '\n', (size_t)(end - piece));
		const char *cr = memchr(piece, '\r', (size_t)((lf == NULL ? end : lf) - piece));
		const char *line_end = cr == NULL ? lf : cr; /* behind CR, LF ends an empty line */

		take_line(scan, piece, (size_t)((line_end == NULL ? end : line_end) - piece));
		if (line_end == NULL)
			return;
		if (scan->passes_over)
			scan->passes_over = false;
		else
			end_line(scan);
		piece = line_end + 1;
	}
}

void
uuencode_each(GMimeStream *text, uuencode_visit *visit, void *visitor)
{
	struct scan scan = {.visit = visit, .visitor = visitor, .go_on = true};
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	ssize_t got;

	while (scan.go_on && (got = g_mime_stream_read(text, piece, PIECE_BYTES)) > 0)
		scan_piece(&scan, piece, (size_t)got);
	if (scan.go_on)
		end_line(&scan);
}
