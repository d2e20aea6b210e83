#include "mail/visual_order.h"

#include <glib.h>
#include <string.h>
#include <unicode/ubidi.h>

/* Lack of memory, for the most part: the program ends, as elsewhere (core/memory.h). */
static void
must(UErrorCode status)
{
	if (U_FAILURE(status))
		g_error("putting text into visual order: %s", u_errorName(status));
}

/* The line is a paragraph: an override ends with it. */
static void
append_line(GString *seen, const char *line, size_t length)
{
	UBiDi *bidi = ubidi_open();
	UErrorCode status = U_ZERO_ERROR;
	glong units;
	g_autofree gunichar2 *text = g_utf8_to_utf16(line, (glong)length, NULL, &units, NULL);
	g_autofree gunichar2 *ordered = g_new(gunichar2, (gsize)units + 1);
	g_autofree char *shown = NULL;
	int32_t left;

	ubidi_setPara(bidi, (const UChar *)text, (int32_t)units, UBIDI_DEFAULT_LTR, NULL, &status);
	must(status);
	left = ubidi_writeReordered(bidi, (UChar *)ordered, (int32_t)units + 1,
				    UBIDI_REMOVE_BIDI_CONTROLS | UBIDI_KEEP_BASE_COMBINING |
					    UBIDI_DO_MIRRORING,
				    &status);
	must(status);
	ubidi_close(bidi);
	shown = g_utf16_to_utf8(ordered, left, NULL, NULL, NULL);
	g_string_append(seen, shown);
}

static bool
has_override(const char *text, size_t length)
{
	return memmem(text, length, OVERRIDE_TO_LEFT, strlen(OVERRIDE_TO_LEFT)) != NULL;
}

char *
visual_order(const char *text, size_t length)
{
	GString *seen;
	const char *end = text + length;

	if (!has_override(text, length))
		return NULL;
	seen = g_string_sized_new(length);
	while (text < end) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((line_end == NULL ? end : line_end) - text);

		if (has_override(text, line))
			append_line(seen, text, line);
		else
			g_string_append_len(seen, text, (gssize)line);
		if (line_end != NULL)
			g_string_append_c(seen, '\n');
		text += line + (line_end != NULL);
	}
	return g_string_free(seen, FALSE);
}
