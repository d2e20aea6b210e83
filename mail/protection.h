/*
 * Is a message encrypted or signed already, by S/MIME (RFC 8551) or OpenPGP (RFC 3156, and inline)?
 *
 * Encrypted is what nobody on the way can read: only that counts which lies within the encryption.
 * So a structure is looked into, whatever its fields call it, and text outside the armor, bytes
 * behind the structure, or MIME that programs read differently (ambiguity.h) make it a message like
 * any other.
 */
#ifndef POSTSEAL_MAIL_PROTECTION_H
#define POSTSEAL_MAIL_PROTECTION_H

#include "mail/parts.h"

struct protection {
	bool encrypted, is_signed;
};

bool protection_find(struct parts *parts, struct protection *protection_r, struct fault *fault);

#endif
