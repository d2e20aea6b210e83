/*
 * The value of a Content-Type field (RFC 2045 §5.1) with other parameters; all else of it keeps its
 * bytes.
 */
#ifndef POSTSEAL_MAIL_CONTENT_TYPE_H
#define POSTSEAL_MAIL_CONTENT_TYPE_H

#include <stdbool.h>

/* `value` as it stands in a field, or NULL where there is none; `parameters` are further ones,
 * "hp=\"cipher\"", ends with NULL, each to stand on a line of its own that ends as `line_end` says.
 * Parameters of their names that are there already go. In the place of what is no type stands
 * text/plain (RFC 2045 §5.2); where a quote is open, all is written anew as GMime reads it. Caller
 * frees. */
char *content_type_with(const char *value, const char *const *parameters, const char *line_end);

/* Does every program find the same value of that parameter? Not where it is given twice or in
 * pieces (RFC 2231), or where a quote or comment is open or beside it. A parameter that is missing
 * is clear. */
bool content_type_is_clear_about(const char *value, const char *parameter);
/* Is it given more than once? */
bool content_type_repeats(const char *value, const char *parameter);

#endif
