/*
 * The declarations of style that a mail may make: properties and values by name, and nothing that
 * would be loaded. What is written means the same to every browser, in an attribute (after the
 * escaping of HTML) as well as in a style element.
 */
#ifndef POSTSEAL_MAIL_CSS_DECLARATIONS_H
#define POSTSEAL_MAIL_CSS_DECLARATIONS_H

#include <glib.h>
#include <stdbool.h>

#include "mail/css_tokens.h"

enum css_wanted {
	CSS_ALL,
	CSS_GROUND, /* only what lies behind the text: a page's ground fills its window */
};

/* Appends the allowed ones among the declarations in [token, end), each ended by a semicolon.
 * Returns false if one of them refers to a picture elsewhere; the rest of its value is kept. */
bool css_append_declarations(const struct css_token *token, const struct css_token *end,
			     enum css_wanted wanted, GString *out);

#endif
