/*
 * Is a message already encrypted or signed, with S/MIME (RFC 8551) or OpenPGP (RFC 3156, and
 * inline)?
 *
 * A message counts as encrypted only if nobody on the way can read any of it. So structures are
 * examined, whatever their header fields call them, and text outside the armor, bytes after the
 * structure, or MIME that programs read differently (ambiguity.h) make it an ordinary message.
 */
#ifndef POSTSEAL_MAIL_PROTECTION_H
#define POSTSEAL_MAIL_PROTECTION_H

#include "mail/parts.h"

struct protection {
	bool encrypted, is_signed;
};

bool protection_find(struct parts *parts, struct protection *protection_r, struct fault *fault);

#endif
