#include "core/quote.h"

#include <glib.h>
#include <string.h>
#include <unicode/uchar.h>

enum { QUOTED_MAX = 200 };

/* Is the character visible, and does it neither end the line nor move the text next to it? */
static bool
is_visible(gunichar c)
{
	const uint32_t harmful = U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CS_MASK | U_GC_CN_MASK |
				 U_GC_CO_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK;

	return (U_GET_GC_MASK((UChar32)c) & harmful) == 0;
}

/* The number of bytes of the character at `at`; *visible_r is also false for a byte that is not
 * UTF-8. */
static size_t
look_at(const char *at, bool *visible_r)
{
	gunichar c = g_utf8_get_char_validated(at, -1);
	bool valid = c != (gunichar)-1 && c != (gunichar)-2;

	*visible_r = valid && is_visible(c);
	return valid ? (size_t)(g_utf8_next_char(at) - at) : 1;
}

static void
append(GString *line, const char *bytes, size_t length, bool as_they_are)
{
	if (as_they_are)
		g_string_append_len(line, bytes, (gssize)length);
	for (size_t i = 0; i < length && !as_they_are; i++)
		g_string_append_printf(line, "\\x%02x", (unsigned char)bytes[i]);
}

char *
quote(const char *text)
{
	GString *line = g_string_new("\"");

	for (const char *at = text == NULL ? "" : text; *at != '\0';) {
		bool visible;
		size_t length = look_at(at, &visible);

		if (line->len >= QUOTED_MAX) {
			g_string_append(line, "…");
			break;
		}
		append(line, at, length, visible && *at != '"' && *at != '\\');
		at += length;
	}
	return g_string_free(g_string_append_c(line, '"'), FALSE);
}

void
quote_flatten(char *text)
{
	for (char *at = text; *at != '\0';) {
		bool visible;
		size_t length = look_at(at, &visible);

		if (!visible)
			memset(at, ' ', length);
		at += length;
	}
}
