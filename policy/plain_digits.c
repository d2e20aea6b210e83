#include "policy/plain_digits.h"

#include <string.h>

/* --- expressions --- */

/* Comments, with `(?#` or in extended mode, quotes, verbs and callouts may hold brackets that begin
 * no class, and extended classes hold others. */
static bool
is_simple(const char *expression)
{
	return strchr(expression, '#') == NULL && strstr(expression, "\\Q") == NULL &&
	       strstr(expression, "\\c") == NULL && strstr(expression, "(*") == NULL &&
	       strstr(expression, "(?C") == NULL && strstr(expression, "(?[") == NULL;
}

/* The length of a name such as [:alpha:] or [:^digit:]; 0: there is none. */
static size_t
name_length(const char *at)
{
	const size_t letters =
		at[0] == '[' && at[1] == ':' ? strspn(at + 2, "^abcdefghijklmnopqrstuvwxyz") : 0;

	return letters > 0 && g_str_has_prefix(at + 2 + letters, ":]") ? letters + 4 : 0;
}

/* So that it does not continue an escape before it, such as \x2 or \1. */
#define ESCAPED_ZERO "\\x30"

/* Appends the class that begins at `at` and returns its end. A bracket that comes first is a
 * member, and so are those of names such as [:alpha:]. */
static const char *
append_class(GString *text, const char *at)
{
	g_string_append_c(text, *at++);
	if (*at == '^')
		g_string_append_c(text, *at++);
	if (*at == ']')
		g_string_append_c(text, *at++);
	while (*at != '\0' && *at != ']') {
		size_t length = name_length(at);

		if (length == 0)
			length = *at == '\\' && at[1] != '\0' ? 2 : 1;
		if (length == 2 && at[0] == '\\' && at[1] == 'd')
			g_string_append(text, ESCAPED_ZERO "-9");
		else
			g_string_append_len(text, at, (gssize)length);
		at += length;
	}
	if (*at == ']')
		g_string_append_c(text, *at++);
	return at;
}

char *
plain_digits_expression(const char *expression)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (!is_simple(expression))
		return NULL;
	for (const char *at = expression; *at != '\0';) {
		if (*at == '[') {
			at = append_class(text, at);
		} else if (*at == '\\' && at[1] == 'd') {
			g_string_append(text, "[0-9]");
			at += 2;
		} else {
			size_t length = *at == '\\' && at[1] != '\0' ? 2 : 1;

			g_string_append_len(text, at, (gssize)length);
			at += length;
		}
	}
	return strcmp(text->str, expression) == 0 ? NULL : g_strdup(text->str);
}

/* --- texts --- */

/* Letters, marks and symbols in these ranges; what is beyond them is not looked up. */
static bool
is_plain(gunichar c)
{
	static const struct {
		gunichar first, last;
	} ranges[] = {
		{0x80, 0x65f},	    /* Latin, Greek, Cyrillic, Hebrew */
		{0x1e00, 0xa4cf},   /* Latin, punctuation, symbols, Chinese, Japanese */
		{0xac00, 0xd7a3},   /* Korean */
		{0x1f300, 0x1faff}, /* pictures */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

bool
plain_digits_only(const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end) {
		if ((*text & 0x80) == 0) {
			text++;
			continue;
		}
		if (!is_plain(g_utf8_get_char(text)))
			return false;
		text = g_utf8_next_char(text);
	}
	return true;
}
