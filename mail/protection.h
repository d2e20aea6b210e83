/*
 * Is a message encrypted or signed already, by S/MIME (RFC 8551) or OpenPGP (RFC 3156, and inline)?
 */
#ifndef POSTSEAL_MAIL_PROTECTION_H
#define POSTSEAL_MAIL_PROTECTION_H

#include "mail/message.h"

struct protection {
	bool encrypted, is_signed;
};

bool protection_find(const struct message *message, struct protection *protection_r, struct fault *fault);

#endif
