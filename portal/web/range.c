#include "portal/web/range.h"

#include <string.h>

/* Digits alone; false: there are none, or too many. */
static bool
read_number(const char **text, uint64_t *number_r)
{
	char *end;

	if (!g_ascii_isdigit(**text))
		return false;
	*number_r = g_ascii_strtoull(*text, &end, 10);
	*text = end;
	return *number_r < UINT64_MAX;
}

/* "-500": the last bytes. */
static enum range
suffix(const char *text, uint64_t size, uint64_t *from_r, uint64_t *to_r)
{
	uint64_t length;

	if (!read_number(&text, &length) || *text != '\0')
		return RANGE_WHOLE;
	if (length == 0 || size == 0)
		return RANGE_NOT_SATISFIABLE;
	*from_r = size - MIN(length, size);
	*to_r = size;
	return RANGE_PART;
}

enum range
range_parse(const char *text, uint64_t size, uint64_t *from_r, uint64_t *to_r)
{
	uint64_t from, last = UINT64_MAX - 1;

	*from_r = 0;
	*to_r = size;
	if (text == NULL || g_ascii_strncasecmp(text, "bytes=", strlen("bytes=")) != 0)
		return RANGE_WHOLE;
	text += strlen("bytes=");
	if (*text == '-')
		return suffix(text + 1, size, from_r, to_r);
	if (!read_number(&text, &from) || *text++ != '-' ||
	    (*text != '\0' && !read_number(&text, &last)) || *text != '\0' || last < from)
		return RANGE_WHOLE;
	if (from >= size)
		return RANGE_NOT_SATISFIABLE;
	*from_r = from;
	*to_r = MIN(last, size - 1) + 1;
	return RANGE_PART;
}

enum range
range_of(const struct web_request *web, const char *tag, uint64_t size, uint64_t *from_r,
	 uint64_t *to_r)
{
	const char *only_if = web_header(web, "If-Range");
	bool is_other = only_if != NULL && strcmp(only_if, tag) != 0;

	return range_parse(is_other ? NULL : web_header(web, "Range"), size, from_r, to_r);
}

void
range_describe(struct MHD_Response *response, enum range range, uint64_t size, uint64_t from,
	       uint64_t to)
{
	g_autofree char *text = NULL;

	MHD_add_response_header(response, "Accept-Ranges", "bytes");
	if (range == RANGE_WHOLE)
		return;
	text = range == RANGE_PART ? g_strdup_printf("bytes %" G_GUINT64_FORMAT
						     "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
						     from, to - 1, size)
				   : g_strdup_printf("bytes */%" G_GUINT64_FORMAT, size);
	MHD_add_response_header(response, "Content-Range", text);
}
