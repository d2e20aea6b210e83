#include "mail/uuencode.h"

#include <string.h>

enum { LINE_BYTES = 1000, PIECE_BYTES = 16384 };

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
	char line[LINE_BYTES + 1];
	size_t length;
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
	name = name_in(g_strchomp(scan->line));
	if (name != NULL && *name != '\0')
		scan->go_on = scan->visit(scan->visitor, name);
}

void
uuencode_each(GMimeStream *text, uuencode_visit *visit, void *visitor)
{
	struct scan scan = {.visit = visit, .visitor = visitor, .go_on = true};
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	ssize_t got;

	while (scan.go_on && (got = g_mime_stream_read(text, piece, PIECE_BYTES)) > 0)
		for (ssize_t i = 0; i < got && scan.go_on; i++)
			if (piece[i] == '\n')
				end_line(&scan);
			else if (scan.length < LINE_BYTES)
				scan.line[scan.length++] = piece[i];
	if (scan.go_on)
		end_line(&scan);
}
