/*
 * Selectors (Selectors Level 4) of the rules in a mail's style sheet, made to match only within the
 * element of one class (mail/css_sheet.h).
 */
#ifndef POSTSEAL_MAIL_CSS_SELECTOR_H
#define POSTSEAL_MAIL_CSS_SELECTOR_H

#include <glib.h>
#include <stdbool.h>

#include "mail/css_tokens.h"

#define CSS_BODY "mail-body" /* the element that stands for body: no other has its name */

/* Appends the selector in [token, end), without commas. False: it is not allowed, or it would match
 * nothing; then `out` is as before. *is_page_r: it selects the body, whose ground is that of the
 * whole window. */
bool css_append_selector(const struct css_token *token, const struct css_token *end,
			 const char *scope, GString *out, bool *is_page_r);

#endif
