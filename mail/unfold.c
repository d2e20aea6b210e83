#include "mail/unfold.h"

#include <string.h>

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
put_escaped(struct unfold *unfold, char c, GString *out)
{
	if (!unfold->is_escaped && c == '\\') {
		unfold->is_escaped = true;
		return;
	}
	g_string_append_c(out, unfold->is_escaped && (c == 'n' || c == 'N') ? '\n' : c);
	unfold->is_escaped = false;
}

/* --- "NOTE;ENCODING=QUOTED-PRINTABLE:Gr=C3=BC=C3=9Fe" --- */

static void
put_held(struct unfold *unfold, GString *out)
{
	for (size_t i = 0; i < unfold->held_length; i++)
		put_escaped(unfold, unfold->held[i], out);
	unfold->held_length = 0;
}

static void
put_quoted(struct unfold *unfold, char c, GString *out)
{
	if (unfold->held_length == 2 && g_ascii_isxdigit(c)) {
		int high = g_ascii_xdigit_value(unfold->held[1]), low = g_ascii_xdigit_value(c);

		unfold->held_length = 0;
		put_escaped(unfold, (char)(high << 4 | low), out);
		return;
	}
	if (unfold->held_length == 2 || (unfold->held_length == 1 && !g_ascii_isxdigit(c)))
		put_held(unfold, out);
	if (c == '=' || unfold->held_length == 1)
		unfold->held[unfold->held_length++] = c;
	else
		put_escaped(unfold, c, out);
}

/* --- lines --- */

static void
note_name(struct unfold *unfold, char c)
{
	if (c != ':') {
		if (unfold->name_length < UNFOLD_NAME_MAX)
			unfold->name[unfold->name_length++] = g_ascii_toupper(c);
		return;
	}
	unfold->name[unfold->name_length] = '\0';
	unfold->is_value = true;
	unfold->is_quoted = strstr(unfold->name, "QUOTED-PRINTABLE") != NULL;
}

static void
put(struct unfold *unfold, char c, GString *out)
{
	if (unfold->is_quoted)
		put_quoted(unfold, c, out);
	else
		put_escaped(unfold, c, out);
	if (!unfold->is_value)
		note_name(unfold, c);
}

/* Within a quoted value, an equals sign at the end of a line joins it to the next. */
static void
end_line(struct unfold *unfold, GString *out)
{
	bool is_soft = unfold->held_length == 1;

	if (!is_soft) {
		put_held(unfold, out);
		g_string_append_c(out, '\n');
		unfold->is_value = unfold->is_quoted = false;
		unfold->name_length = 0;
	}
	unfold->held_length = 0;
	unfold->is_escaped = false;
}

static void
step(struct unfold *unfold, char c, GString *out)
{
	bool had_line_end = unfold->state != UNFOLD_TEXT;
	bool is_soft = unfold->held_length == 1;

	if (unfold->state == UNFOLD_CR && c == '\n') {
		unfold->state = UNFOLD_LINE_END;
		return;
	}
	unfold->state = UNFOLD_TEXT;
	if (had_line_end && (c == ' ' || c == '\t') && !is_soft)
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
	put_held(unfold, out);
	if (unfold->state != UNFOLD_TEXT)
		end_line(unfold, out);
}
