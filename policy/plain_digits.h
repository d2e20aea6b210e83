/*
 * Regular expressions for text whose only digits are those of ASCII. In PCRE2 with Unicode's
 * properties, \d also means some hundred other digits, and matching that begins with it tries every
 * character; with [0-9] in its place, it skips to the next digit, which takes a tenth of the time.
 */
#ifndef POSTSEAL_POLICY_PLAIN_DIGITS_H
#define POSTSEAL_POLICY_PLAIN_DIGITS_H

#include <glib.h>
#include <stdbool.h>

/* The expression with [0-9] for \d; caller frees. NULL: there is none in it, or the expression is
 * not simple enough to be sure where it has classes. */
char *plain_digits_expression(const char *expression);

/* Is this UTF-8 certain to have no other digits (general category Nd) than those of ASCII? */
bool plain_digits_only(const char *text, size_t length);

#endif
