/* The secret in the link to a message's page for its sender (/track/SECRET): the courier makes it,
 * and the portal finds the message by its digest. */
#ifndef POSTSEAL_DELIVERY_PARCEL_SENDER_PAGE_H
#define POSTSEAL_DELIVERY_PARCEL_SENDER_PAGE_H

#include "core/seal/wrap.h"

static inline bool
track_digest(const char *text, unsigned char digest_r[SEAL_DIGEST_BYTES])
{
	struct seal_key secret;

	if (!seal_key_read(&secret, text))
		return false;
	seal_key_digest(digest_r, &secret, "postseal track");
	sodium_memzero(&secret, sizeof secret);
	return true;
}

#endif
