/*
 * The field Autocrypt (Autocrypt Level 1, §2.1): the OpenPGP key with which the author wants to be
 * written to. Anybody can write such a field; what it is worth is decided elsewhere.
 */
#ifndef POSTSEAL_MAIL_AUTOCRYPT_H
#define POSTSEAL_MAIL_AUTOCRYPT_H

#include "mail/message.h"

struct autocrypt {
	GBytes *key; /* binary, as it came; NULL: there is none */
	bool prefers_encryption;
};

/* The one field of the message that is for the folded address; none if there are several, or the
 * message is a report. Its key has `most` bytes at most. */
void autocrypt_find(const struct message *message, const char *address, size_t most,
		    struct autocrypt *autocrypt_r);
void autocrypt_clear(struct autocrypt *autocrypt);

#endif
