/*
 * A MIME entity in 7 bits: what is signed in the clear must pass every MTA unchanged
 * (RFC 8551 §3.1.3), so no byte is above 127 or NUL, no line is longer than 998 characters, and
 * every line ends with CRLF (RFC 5321 §2.3.7, §4.5.3.1.6).
 *
 * Parts that are otherwise are encoded in base64; their decoded content stays the same to the byte.
 * Everything else, with all headers, keeps its bytes.
 */
#ifndef POSTSEAL_MAIL_SEVEN_BIT_H
#define POSTSEAL_MAIL_SEVEN_BIT_H

#include <glib.h>

#include "core/spool.h"

/* Is the entity in 7 bits as it stands? `header` is its header with the empty line. */
bool seven_bit_is(const GString *header, const struct spool *body, bool *is_r, struct fault *fault);

/* Writes the entity in 7 bits. Its structure must be clear (parts_are_clear()). *why_not_r says why
 * that cannot be done without changing what cannot be changed, such as the bytes that somebody else
 * has signed; NULL: it was written. */
bool seven_bit_write(const GString *header, const struct spool *body, struct sink *sink,
		     const char **why_not_r, struct fault *fault);

#endif
