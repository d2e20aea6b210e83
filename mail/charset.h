/*
 * The character set of a text, determined as mail programs do: the declaration is often missing or
 * wrong.
 */
#ifndef POSTSEAL_MAIL_CHARSET_H
#define POSTSEAL_MAIL_CHARSET_H

#include <glib.h>
#include <stdbool.h>

enum { CHARSET_BEGINNING = 65536 }; /* bytes to pass to charset_find() */

/* The name, for iconv(3), of the character set of a text whose first bytes are `beginning`. A byte
 * order mark takes precedence over the declaration, unless UTF-32 is declared; ISO 8859-1 is read
 * as windows-1252 (WHATWG Encoding 4.2). If nothing, US-ASCII or an unknown name is declared, the
 * order is: what an HTML page says about itself, UTF-8 if the text is valid UTF-8, windows-1252.
 * `declared` may be NULL. The result is static. */
const char *charset_find(const char *declared, bool is_html, const char *beginning, size_t length);

/* Are ASCII characters the same bytes in this character set, so that ASCII can be put in front of a
 * text? */
bool charset_has_ascii(const char *charset);
/* The opposite, for a name that a part declares; an unknown one is assumed to contain ASCII. */
bool charset_is_without_ascii(const char *declared);
/* Is this the name of a character set that only other programs may know? What its text says cannot
 * be guessed: in UTF-7 or HZ, all of it looks like ASCII. */
bool charset_is_unknown(const char *declared);

#endif
