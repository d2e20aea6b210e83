#include "mail/unfold.h"

enum { BEFORE_MAX = 16 }; /* a byte order mark, and blanks */

/* Also recognises UTF-16, in which every other byte is a NUL. */
bool
unfold_is_for(const char *beginning, size_t length)
{
	static const char start[] = "BEGIN:V";
	size_t seen = 0;

	for (size_t i = 0; i < length && start[seen] != '\0'; i++) {
		if (g_ascii_toupper(beginning[i]) == start[seen])
			seen++;
		else if (seen > 0 ? beginning[i] != '\0' : i > BEFORE_MAX)
			return false;
	}
	return start[seen] == '\0';
}

static void
put(struct unfold *unfold, char c, GString *out)
{
	if (!unfold->is_escaped && c == '\\') {
		unfold->is_escaped = true;
		return;
	}
	g_string_append_c(out, unfold->is_escaped && (c == 'n' || c == 'N') ? '\n' : c);
	unfold->is_escaped = false;
}

static void
end_line(struct unfold *unfold, GString *out)
{
	g_string_append_c(out, '\n');
	unfold->is_escaped = false;
}

static void
step(struct unfold *unfold, char c, GString *out)
{
	bool had_line_end = unfold->state != UNFOLD_TEXT;

	if (unfold->state == UNFOLD_CR && c == '\n') {
		unfold->state = UNFOLD_LINE_END;
		return;
	}
	unfold->state = UNFOLD_TEXT;
	if (had_line_end && (c == ' ' || c == '\t'))
		return;
	if (had_line_end)
		end_line(unfold, out);
	if (c == '\r' || c == '\n')
		unfold->state = c == '\r' ? UNFOLD_CR : UNFOLD_LINE_END;
	else
		put(unfold, c, out);
}

void
unfold_step(struct unfold *unfold, const char *data, size_t length, GString *out)
{
	for (size_t i = 0; i < length; i++)
		step(unfold, data[i], out);
}

void
unfold_end(struct unfold *unfold, GString *out)
{
	if (unfold->state != UNFOLD_TEXT)
		end_line(unfold, out);
}
