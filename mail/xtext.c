#include "mail/xtext.h"

#include <glib.h>

char *
xtext_decode(const char *text)
{
	GString *decoded = g_string_new(NULL);

	for (const char *c = text == NULL ? "" : text; *c != '\0'; c++) {
		char byte = *c;

		if (*c == '+' && g_ascii_isxdigit(c[1]) && g_ascii_isxdigit(c[2])) {
			byte = (char)(g_ascii_xdigit_value(c[1]) << 4 | g_ascii_xdigit_value(c[2]));
			c += 2;
		}
		g_string_append_c(decoded, g_ascii_iscntrl(byte) ? '?' : byte);
	}
	return g_string_free(decoded, FALSE);
}
