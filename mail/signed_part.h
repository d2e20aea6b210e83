/*
 * What the signature of a multipart/signed message covers (RFC 1847 §2.1): the bytes of its first
 * part as they came in, with the part's header.
 */
#ifndef POSTSEAL_MAIL_SIGNED_PART_H
#define POSTSEAL_MAIL_SIGNED_PART_H

#include "mail/message.h"

/* `boundary` is that of the message's body. *found_r: the body has exactly two parts, and *part_r
 * is the first one, without the line end that belongs to the boundary. False only if it could not
 * be read. */
bool signed_part_find(const struct message *message, const char *boundary,
		      struct spool_part *part_r, bool *found_r, struct fault *fault);

#endif
