/*
 * The character set of a text, as mail programs find it out: what is declared is often missing or
 * wrong.
 */
#ifndef POSTSEAL_MAIL_CHARSET_H
#define POSTSEAL_MAIL_CHARSET_H

#include <glib.h>
#include <stdbool.h>

enum { CHARSET_BEGINNING = 65536 }; /* bytes to show to charset_find() */

/* The name for iconv(3) of what the text is in, of which `beginning` are the first bytes: a byte
 * order mark goes before what is declared, unless that is UTF-32; ISO 8859-1 is windows-1252
 * (WHATWG Encoding 4.2); where nothing, US-ASCII or an unknown name is declared, it is what a page
 * of HTML says itself, UTF-8 where it is valid, else windows-1252. `declared` may be NULL. Lives as
 * long as the program. */
const char *charset_find(const char *declared, bool is_html, const char *beginning, size_t length);

/* Is ASCII in it the same bytes, so that one could be put in front of a text? */
bool charset_has_ascii(const char *charset);
/* The same of a name that a part declares; one that is not known is taken for one with ASCII. */
bool charset_is_without_ascii(const char *declared);

#endif
