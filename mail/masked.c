#include "mail/masked.h"

#include <glib.h>
#include <stdbool.h>

enum { NUMBER_LEAST = 9, SHOWN = 4 };

static unsigned
count_digits(const char *name)
{
	unsigned count = 0;

	for (; *name != '\0'; name = g_utf8_next_char(name))
		count += g_unichar_isdigit(g_utf8_get_char(name));
	return count;
}

void
mask_digits(char *name)
{
	const bool has_number = count_digits(name) >= NUMBER_LEAST;
	const char *at = name;
	char *to = name;
	unsigned seen = 0;

	while (*at != '\0') {
		const char *next = g_utf8_next_char(at);

		if (has_number && g_unichar_isdigit(g_utf8_get_char(at)) && ++seen > SHOWN) {
			*to++ = '*';
			at = next;
		}
		while (at < next)
			*to++ = *at++;
	}
	*to = '\0';
}
