/*
 * Adds parameters to the value of a Content-Type field (RFC 2045 §5.1); everything else in the
 * value keeps its bytes.
 */
#ifndef POSTSEAL_MAIL_CONTENT_TYPE_H
#define POSTSEAL_MAIL_CONTENT_TYPE_H

#include <stdbool.h>

/* `value` is the value of the field as it stands, or NULL if there is none. `parameters`, a list
 * that ends with NULL, are the ones to add ("hp=\"cipher\""), each on a line of its own that ends
 * with `line_end`. Existing parameters of the same names are removed. Something that is not a type
 * is replaced by text/plain (RFC 2045 §5.2); if a quoted string is not closed, the whole value is
 * rewritten as GMime reads it. Caller frees. */
char *content_type_with(const char *value, const char *const *parameters, const char *line_end);

/* Does every program find the same value for this parameter? Not if it is given twice or in pieces
 * (RFC 2231), or if a quoted string or comment is not closed or is next to it. A missing parameter
 * is clear. */
bool content_type_is_clear_about(const char *value, const char *parameter);
/* Is there a comment (RFC 2045 §5.1) in the value of this or a similar field, outside quoted
 * strings? */
bool content_type_has_comment(const char *value);
/* Is the parameter given more than once? */
bool content_type_repeats(const char *value, const char *parameter);

#endif
