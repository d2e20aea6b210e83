#include "mail/flowed.h"

#include <string.h>

enum { LINE_BYTES_MAX = 65536 }; /* longer lines are text that was never broken */

void
flowed_init(struct flowed *flowed, bool deletes_space)
{
	*flowed = (struct flowed){.deletes_space = deletes_space, .line = g_string_new(NULL)};
}

void
flowed_clear(struct flowed *flowed)
{
	g_string_free(flowed->line, TRUE);
}

/* RFC 3676 §4.5: the order is quote marks, stuffing, text. */
static void
put_line(struct flowed *flowed, bool has_ended, GString *out)
{
	const char *line = flowed->line->str;
	size_t depth = strspn(line, ">"), from = depth + (line[depth] == ' ');
	size_t end = flowed->line->len;
	bool is_mark = strcmp(line + from, "-- ") == 0; /* a signature: never flows (§4.3) */
	bool flows = has_ended && end > from && line[end - 1] == ' ' && !is_mark;

	if (flowed->is_open && (depth != flowed->depth || is_mark)) {
		g_string_append_c(out, '\n');
		flowed->is_open = false;
	}
	if (!flowed->is_open && depth > 0) {
		g_string_append_len(out, line, (gssize)depth);
		g_string_append_c(out, ' ');
	}
	g_string_append_len(out, line + from,
			    (gssize)(end - from - (flows && flowed->deletes_space)));
	if (has_ended && !flows)
		g_string_append_c(out, '\n');
	flowed->is_open = flows || !has_ended;
	flowed->depth = depth;
	g_string_truncate(flowed->line, 0);
}

/* The first CR or LF; NULL: there is none. */
static const char *
line_end(const char *data, size_t length)
{
	const char *lf = memchr(data, '\n', length);
	const char *cr = memchr(data, '\r', lf == NULL ? length : (size_t)(lf - data));

	return cr == NULL ? lf : cr;
}

void
flowed_step(struct flowed *flowed, const char *data, size_t length, GString *out)
{
	while (length > 0) {
		const char *end = line_end(data, length);
		size_t piece = end == NULL ? length : (size_t)(end - data);
		bool ends_crlf = flowed->is_behind_cr && *data == '\n';

		g_string_append_len(flowed->line, data, (gssize)piece);
		if (end != NULL) {
			if (!ends_crlf)
				put_line(flowed, true, out);
			piece++;
		} else if (flowed->line->len > LINE_BYTES_MAX) {
			g_string_append_len(out, flowed->line->str, (gssize)flowed->line->len);
			g_string_truncate(flowed->line, 0);
		}
		flowed->is_behind_cr = end != NULL && *end == '\r';
		data += piece;
		length -= piece;
	}
}

void
flowed_end(struct flowed *flowed, GString *out)
{
	if (flowed->line->len > 0)
		put_line(flowed, false, out);
}
