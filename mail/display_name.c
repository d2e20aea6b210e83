#include "mail/display_name.h"

#include <glib.h>
#include <string.h>

enum { MARKS_MAX = 3 }; /* in a row: enough for any script, and not to cover what is beside them */

/* Characters that leave no trace on the page and are of no class that says so: fillers, variation
 * selectors, empty signs (Unicode: Default_Ignorable_Code_Point, and blank symbols). */
static const struct {
	gunichar first, last;
} unseen[] = {
	{0x034f, 0x034f},   {0x115f, 0x1160}, {0x17b4, 0x17b5},	  {0x180b, 0x180f},
	{0x2800, 0x2800},   {0x303f, 0x303f}, {0x3164, 0x3164},	  {0xfe00, 0xfe0f},
	{0xffa0, 0xffa0},   {0xfff0, 0xffff}, {0x16fe4, 0x16fe4}, {0x1d159, 0x1d159},
	{0xe0000, 0xe0fff},
};

static bool
is_seen(gunichar c)
{
	for (size_t i = 0; i < G_N_ELEMENTS(unseen); i++)
		if (c >= unseen[i].first && c <= unseen[i].last)
			return false;
	return g_unichar_isprint(c) && g_unichar_type(c) != G_UNICODE_FORMAT &&
	       g_unichar_type(c) != G_UNICODE_PRIVATE_USE;
}

/* The wide one separates names in East Asia. */
static bool
is_blank(gunichar c)
{
	return c == ' ' || c == 0x00a0 || c == 0x3000;
}

static bool
is_mark(gunichar c)
{
	const GUnicodeType type = g_unichar_type(c);

	return type == G_UNICODE_NON_SPACING_MARK || type == G_UNICODE_ENCLOSING_MARK;
}

/* No line ends, no blanks side by side or of unusual width, no heap of marks. */
static bool
is_even(const char *name)
{
	unsigned blanks = 0, marks = 0;

	for (const char *at = name; *at != '\0'; at = g_utf8_next_char(at)) {
		const gunichar c = g_utf8_get_char(at);

		blanks = is_blank(c) ? blanks + 1 : 0;
		marks = is_mark(c) ? marks + 1 : 0;
		if (blanks > 1 || marks > MARKS_MAX || !is_seen(c) ||
		    (g_unichar_isspace(c) && !is_blank(c)))
			return false;
	}
	return true;
}

static bool
has_letter(const char *name)
{
	for (; *name != '\0'; name = g_utf8_next_char(name))
		if (g_unichar_isalpha(g_utf8_get_char(name)))
			return true;
	return false;
}

bool
display_name_would_be_decoded(const char *name)
{
	return strstr(name, "=?") != NULL;
}

bool
display_name_suggests_address(const char *name)
{
	/* Also the wide and the small form of each. */
	static const char signs[] = "@<>\uff20\ufe6b\uff1c\uff1e\ufe64\ufe65";

	for (; *name != '\0'; name = g_utf8_next_char(name))
		if (g_utf8_strchr(signs, -1, g_utf8_get_char(name)) != NULL)
			return true;
	return false;
}

bool
display_name_is_plain(const char *name)
{
	return g_utf8_validate(name, -1, NULL) && g_utf8_strlen(name, -1) <= DISPLAY_NAME_MAX &&
	       strpbrk(name, "()\"\\") == NULL && has_letter(name) && is_even(name) &&
	       !display_name_suggests_address(name) && !display_name_would_be_decoded(name);
}
