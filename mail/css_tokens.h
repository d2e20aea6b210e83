/*
 * The tokens of a style sheet, read as browsers do and written again: CSS Syntax Module Level 3,
 * section 4. What the names and strings of the source hide behind escapes stands here in the clear,
 * so that an allow-list compares what a browser would compare.
 */
#ifndef POSTSEAL_MAIL_CSS_TOKENS_H
#define POSTSEAL_MAIL_CSS_TOKENS_H

#include <glib.h>
#include <stdbool.h>

enum css_kind {
	CSS_END, /* of the sheet */
	CSS_IDENT,
	CSS_FUNCTION,	/* its name; the parenthesis belongs to it */
	CSS_AT_KEYWORD, /* without the @ */
	CSS_HASH,	/* without the # */
	CSS_STRING,
	CSS_URL, /* without quotes; url("…") is a function */
	CSS_NUMBER,
	CSS_PERCENTAGE,
	CSS_DIMENSION, /* text is its unit */
	CSS_SPACE,     /* one for all blanks and comments between two others */
	CSS_DELIM,
	CSS_CDO, /* <!-- or --> */
	CSS_BAD, /* a string or URL that does not end as it must */
};

struct css_token {
	enum css_kind kind;
	char delim;	    /* of CSS_DELIM: one byte, brackets, colon, semicolon and comma too */
	const char *text;   /* UTF-8; "" where a kind has none */
	const char *number; /* as in the source, which it points into; not ended by a NUL */
	gsize number_length;
};

/* The tokens point into the source and into `pool`, which must outlive them; caller frees. *end_r
 * is a CSS_END behind the last one. After `max` tokens the sheet ends. */
struct css_token *css_tokens(const char *source, gsize max, GStringChunk *pool,
			     const struct css_token **end_r);

/* Names of CSS are compared without case; the list ends with NULL. */
bool css_is_one_of(const char *const *names, const char *name);

/* --- walking --- */

bool css_is_delim(const struct css_token *token, char delim);
/* The bracket that ends what the token begins; NUL: it begins nothing. */
char css_closing(const struct css_token *token);
/* The token behind this one, or behind the block or parenthesis that it begins; at most `end`,
 * which lies behind `token`. */
const struct css_token *css_behind(const struct css_token *token, const struct css_token *end);

/* --- writing --- */

/* As CSSOM 2.1 serialises an identifier; every byte of ASCII that is not a letter, a digit, - or _
 * is escaped. */
void css_append_ident(GString *out, const char *name);
void css_append_string(GString *out, const char *text);
/* Of a number, a percentage or a dimension, without what follows it. */
void css_append_number(GString *out, const struct css_token *token);

#endif
