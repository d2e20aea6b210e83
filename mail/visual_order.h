/*
 * The order in which a reader sees characters whose direction is overridden (UAX #9, X4 and X5):
 * U+202E, which <bdo dir=rtl> and CSS unicode-bidi mean too (html_text.h), shows "abc" as "cba".
 */
#ifndef POSTSEAL_MAIL_VISUAL_ORDER_H
#define POSTSEAL_MAIL_VISUAL_ORDER_H

#include <stddef.h>

#define OVERRIDE_TO_RIGHT "\xe2\x80\xad" /* U+202D */
#define OVERRIDE_TO_LEFT  "\xe2\x80\xae" /* U+202E */
#define OVERRIDE_END	  "\xe2\x80\xac" /* U+202C */

/* The text with the lines that have U+202E in the order from left to right, without these
 * characters. `text` is valid UTF-8 and followed by a NUL. NULL: it has none. Caller frees. */
char *visual_order(const char *text, size_t length);

#endif
