#include "milter/netstring.h"

#include <string.h>

/* The length, and where the bytes begin; 0: the colon has not come yet. False if these are not the
 * digits of a length up to `most`. */
static bool
read_length(const GString *said, size_t most, size_t *length_r, size_t *begin_r)
{
	size_t at = 0;

	*length_r = *begin_r = 0;
	for (; at < said->len && g_ascii_isdigit(said->str[at]); at++) {
		if (at > 0 && said->str[0] == '0')
			return false;
		*length_r = *length_r * 10 + (size_t)g_ascii_digit_value(said->str[at]);
		if (*length_r > most)
			return false;
	}
	if (at == said->len)
		return true;
	*begin_r = at + 1;
	return at > 0 && said->str[at] == ':';
}

bool
netstring_take(GString *said, size_t most, char **text_r)
{
	size_t length, begin;

	*text_r = NULL;
	if (!read_length(said, most, &length, &begin))
		return false;
	if (begin == 0 || said->len < begin + length + 1)
		return true;
	if (said->str[begin + length] != ',' || memchr(said->str + begin, '\0', length) != NULL)
		return false;
	*text_r = g_strndup(said->str + begin, length);
	g_string_erase(said, 0, (gssize)(begin + length + 1));
	return true;
}

char *
netstring_of(const char *text)
{
	return g_strdup_printf("%zu:%s,", strlen(text), text);
}
