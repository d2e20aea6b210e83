/*
 * OpenPGP keys that a message carries: in the field Autocrypt, and attached (RFC 3156 §7). Only
 * where the setting `keys from` has `mail`, and never for an address of the organisation.
 */
#ifndef POSTSEAL_DELIVERY_INBOUND_CARRIED_H
#define POSTSEAL_DELIVERY_INBOUND_CARRIED_H

#include "delivery/method.h"
#include "mail/parts.h"

enum { CARRIED_MAX = 4 };

struct carried_key {
	GBytes *content; /* binary */
	char *fingerprint;
	bool is_autocrypt, prefers_encryption;
};

/* Is mail of this author a source of keys? */
bool carried_are_wanted(const struct delivery_context *delivery);
/* struct carried_key, freed by the array; `parts` NULL: without what is attached. NULL with `fault`
 * filled if the message could not be read. */
GPtrArray *carried_find(const struct delivery_context *delivery, struct parts *parts,
			struct fault *fault);
/* When the message was written, as it says; not in the future. */
time_t carried_at(const struct message *message);

#endif
