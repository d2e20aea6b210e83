#include "mail/document/charset_table.h"

#include <unicode/ucnv.h>

#include "core/reader/serve.h"

enum { CONVERTERS_MAX = 32 };

/* Kept, because a document changes between few of them, often. */
static struct {
	unsigned code_page;
	UConverter *converter;
} known[CONVERTERS_MAX];
static unsigned known_count;

static UConverter *
open_converter(unsigned code_page)
{
	char name[32];
	UErrorCode error = U_ZERO_ERROR;
	UConverter *converter;

	g_snprintf(name, sizeof name,
		   code_page == 10000		       ? "macintosh"
		   : code_page < 1000 && code_page > 0 ? "ibm-%u"
						       : "windows-%u",
		   code_page);
	converter = ucnv_open(name, &error);
	if (U_FAILURE(error)) {
		error = U_ZERO_ERROR;
		converter = ucnv_open("windows-1252", &error);
	}
	if (U_FAILURE(error))
		reader_refuse(READER_TOO_MUCH_MEMORY);
	return converter;
}

static UConverter *
converter_for(unsigned code_page)
{
	unsigned i = 0;

	while (i < known_count && known[i].code_page != code_page)
		i++;
	if (i == CONVERTERS_MAX)
		reader_refuse(READER_TOO_MUCH_WORK);
	if (i == known_count) {
		known[i].code_page = code_page;
		known[i].converter = open_converter(code_page);
		known_count++;
	}
	return known[i].converter;
}

char *
charset_table_convert(unsigned code_page, const char *bytes, size_t length)
{
	const size_t most = length * 2 + 1; /* UTF-16 code units */
	g_autofree UChar *wide = g_new(UChar, most);
	UErrorCode error = U_ZERO_ERROR;
	const int32_t units = ucnv_toUChars(converter_for(code_page), wide, (int32_t)most, bytes,
					    (int32_t)length, &error);

	if (U_FAILURE(error))
		return g_strdup("");
	return g_utf16_to_utf8((const gunichar2 *)wide, units, NULL, NULL, NULL);
}
