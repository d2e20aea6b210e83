#include "core/quote.h"

#include <glib.h>
#include <string.h>
#include <unicode/uchar.h>

enum { QUOTED_MAX = 200 };

static bool
is_harmless(gunichar c)
{
	const uint32_t harmful = U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CS_MASK | U_GC_CN_MASK | U_GC_CO_MASK |
				 U_GC_ZL_MASK | U_GC_ZP_MASK;

	return c != '"' && c != '\\' && (U_GET_GC_MASK((UChar32)c) & harmful) == 0;
}

static void
append(GString *line, const char *bytes, size_t length, bool harmless)
{
	if (harmless)
		g_string_append_len(line, bytes, (gssize)length);
	for (size_t i = 0; i < length && !harmless; i++)
		g_string_append_printf(line, "\\x%02x", (unsigned char)bytes[i]);
}

char *
quote(const char *text)
{
	GString *line = g_string_new("\"");

	for (const char *at = text == NULL ? "" : text; *at != '\0';) {
		gunichar c = g_utf8_get_char_validated(at, -1);
		bool good = c != (gunichar)-1 && c != (gunichar)-2;
		size_t length = good ? (size_t)(g_utf8_next_char(at) - at) : 1;

		if (line->len >= QUOTED_MAX) {
			g_string_append(line, "…");
			break;
		}
		append(line, at, length, good && is_harmless(c));
		at += length;
	}
	return g_string_free(g_string_append_c(line, '"'), FALSE);
}
