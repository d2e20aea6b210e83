/*
 * Texts in the reader's language. The catalogues are gettext's (xgettext, msgfmt), but they are
 * looked up here: gettext(3) takes the language from the process and its locale, while a server
 * uses a different one for each answer. There are built-in catalogues; files LANGUAGE.mo in a
 * directory of the organisation replace individual texts.
 */
#ifndef POSTSEAL_CORE_CATALOGUE_H
#define POSTSEAL_CORE_CATALOGUE_H

#include <stddef.h>
#include <stdint.h>

#include "core/fault.h"

/* Marks a text for xgettext(1) that is translated when it is shown. */
#define N_(text) text

struct catalogue_file {
	const char *name; /* "de.mo" */
	const char *text; /* GNU MO format */
	size_t length;	  /* without the NUL after it */
};
extern const struct catalogue_file catalogue_files[]; /* ends with a NULL name */

/* Call once, before any thread. `directory` "": there is none. */
bool catalogue_start(const char *directory, struct fault *fault);

/* The languages, ending with NULL. "en", the language of the texts in the source, is the first. */
const char *const *catalogue_languages(void);
/* The supported language that `tag` (RFC 5646, such as "de-CH") asks for, or NULL. */
const char *catalogue_language(const char *tag);
/* The first supported language in a list such as "fr-CH, de;q=0.8" (RFC 9110 §12.5.4), or NULL. */
const char *catalogue_accepted(const char *list);

/* The text in that language, or the text itself if there is no translation. */
const char *translate(const char *language, const char *text) __attribute__((format_arg(2)));
const char *translate_plural(const char *language, const char *one, const char *many,
			     unsigned long count) __attribute__((format_arg(2), format_arg(3)));

/* "24 Nov 2026, 15:04" in the format of the language, in local time; caller frees. */
char *translate_date(const char *language, int64_t at);
/* The same for what a clock shows anywhere: `clock` is seconds since 1970 on that clock. */
char *translate_clock(const char *language, int64_t clock);
/* "24 Nov 2026", of that clock's day; caller frees. */
char *translate_day(const char *language, int64_t clock);
/* "Monday" for 1 up to "Sunday" for 7. */
const char *translate_weekday(const char *language, int number);

#endif
