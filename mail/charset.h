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
 * as windows-1252 (WHATWG Encoding 4.2). If nothing, US-ASCII or an unknown name is declared, or
 * the bytes contradict the declaration, the order is: UTF-8 if the text is valid UTF-8; UTF-16 if
 * every other byte of many is zero; what an HTML page says about itself; what its letters are like
 * (uchardet), if there are enough of them; what is declared after all; windows-1252. `declared` may
 * be NULL. The result is static. */
const char *charset_find(const char *declared, bool is_html, const char *beginning, size_t length);
/* The same for programs that take a declaration as it is, and do not guess: what is declared, or
 * else UTF-8 or windows-1252. */
const char *charset_without_guess(const char *declared, const char *text, size_t length);

/* What a rule has to see: programs differ in whether they heed the declaration, a byte order mark,
 * or what a page says about itself, and in which names they know. */
struct charset_text {
	const char *declared; /* or NULL */
	bool is_html;	      /* it is declared as HTML */
	bool is_page;	      /* some program may take it for HTML or XML */
	const char *beginning;
	size_t length; /* of the beginning, at most CHARSET_BEGINNING */
};
enum { CHARSET_READINGS_MAX = 12 };
/* The names, for iconv(3), of all character sets in which a program may read the text; first that
 * of charset_find(). Returns how many, at least one. A page that says more than fit is not read in
 * the last of them; its ASCII characters are seen in any case. */
size_t charset_readings(const struct charset_text *text,
			const char *charsets_r[CHARSET_READINGS_MAX]);
/* Is the text ASCII, which every program reads alike, whatever it does about what is declared? */
bool charset_is_plain(const char *declared, const char *text, size_t length);
/* Is a file of an unknown type like text in UTF-16 without a byte order mark? */
bool charset_is_utf16(const char *beginning, size_t length);

/* Converts text to UTF-8; bytes that are no character become question marks, and there are no NULs.
 * Caller frees. */
char *charset_decode(const char *charset, const char *bytes, size_t length);
/* The value of a header field whose 8-bit bytes are in an unknown character set, in UTF-8. NULL: it
 * is ASCII. Caller frees. */
char *charset_decode_field(const char *value);

/* Are ASCII characters the same bytes in this character set, so that ASCII can be put in front of a
 * text? */
bool charset_has_ascii(const char *charset);
/* The opposite, for a name that a part declares; an unknown one is assumed to contain ASCII. */
bool charset_is_without_ascii(const char *declared);
/* Is this the name of a character set that only other programs may know? What its text says cannot
 * be guessed: in UTF-7 or HZ, all of it looks like ASCII. */
bool charset_is_unknown(const char *declared);

#endif
