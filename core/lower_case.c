#include "core/lower_case.h"

#include <glib.h>
#include <string.h>
#include <unicode/ucasemap.h>

/* A letter of two bytes may become three in lower case, with a separate accent. */
enum { TEXT_MAX = 1024, LOWER_MAX = 3 * TEXT_MAX };

char *
lower_case(const char *text)
{
	UErrorCode error = U_ZERO_ERROR;
	UCaseMap *rules;
	char lower[LOWER_MAX];
	int32_t length = 0;

	if (strlen(text) > TEXT_MAX)
		return NULL;
	rules = ucasemap_open("", 0, &error);
	if (U_SUCCESS(error))
		length = ucasemap_utf8ToLower(rules, lower, LOWER_MAX, text, (int32_t)strlen(text),
					      &error);
	ucasemap_close(rules);
	return U_FAILURE(error) ? NULL : g_strndup(lower, (gsize)length);
}
