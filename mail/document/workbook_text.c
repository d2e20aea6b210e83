#include "mail/document/workbook_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double WHOLE_MAX = 9007199254740992.; /* every whole number below it is exact */

/* The length of a code in the head or foot of a page, such as "&L", "&12", "&\"Arial\"" and
 * "&K00FF00" (ECMA-376 Part 1 §18.3.1.46). */
static size_t
code_length(const char *code)
{
	if (code[1] == '"')
		return strcspn(code + 2, "\"") + 3;
	if (g_ascii_isdigit(code[1]))
		return 1 + strspn(code + 1, "0123456789");
	return code[1] == 'K' ? 8 : 2;
}

void
workbook_clear_page_edge(GString *text)
{
	gsize at = 0;

	while (at < text->len) {
		const char letter = text->str[at] == '&' ? text->str[at + 1] : '\0';

		if (letter == '\0' || letter == '&') {
			g_string_erase(text, (gssize)at, letter == '&');
			at++;
			continue;
		}
		g_string_erase(text, (gssize)at,
			       (gssize)MIN(code_length(text->str + at), text->len - at));
		if (letter == 'L' || letter == 'C' || letter == 'R')
			g_string_insert_c(text, (gssize)at++, '\n');
	}
}

/* "_x0041_" in a string of a workbook stands for A (ECMA-376 Part 1 §22.9.2.19). Returns how many
 * bytes it has become. */
static size_t
put_escaped(char *out, const char *code)
{
	gunichar c = 0;

	for (int i = 2; i < 6; i++)
		c = c << 4 | (gunichar)g_ascii_xdigit_value(code[i]);
	return c != 0 && g_unichar_validate(c) ? (size_t)g_unichar_to_utf8(c, out) : 0;
}

static bool
is_escape(const char *text, size_t length)
{
	return length >= 7 && text[0] == '_' && text[1] == 'x' && g_ascii_isxdigit(text[2]) &&
	       g_ascii_isxdigit(text[3]) && g_ascii_isxdigit(text[4]) &&
	       g_ascii_isxdigit(text[5]) && text[6] == '_';
}

size_t
workbook_unescape(char *text, size_t length)
{
	size_t used = 0;

	for (size_t at = 0; at < length;) {
		if (is_escape(text + at, length - at)) {
			char shown[6];
			const size_t bytes = put_escaped(shown, text + at);

			memcpy(text + used, shown, bytes);
			used += bytes;
			at += 7;
		} else {
			text[used++] = text[at++];
		}
	}
	return used;
}

bool
workbook_whole_number(const char *number, char whole_r[WORKBOOK_NUMBER_MAX])
{
	char *end;
	const double value = strtod(number, &end);

	if (end == number || *end != '\0' || strpbrk(number, "eE.") == NULL ||
	    fabs(value) >= WHOLE_MAX || value != trunc(value))
		return false;
	g_snprintf(whole_r, WORKBOOK_NUMBER_MAX, "%.0f", value);
	return true;
}
