/*
 * Links and unlock codes for parcels. The milter parks a message and leaves its key boxed for the
 * courier; here the courier makes link and code for each recipient, wraps the key by what both
 * derive, and puts the notices and the codes into the outbox: all in one transaction. So deriving
 * keys, which is slow by design, delays no one who sends. For a recipient whose account the sender
 * trusts the key is sealed to the account, and there is no code.
 *
 * The courier's box is forgotten when the message is opened for the first time (or at once, setting
 * `pickup renew`): until then the sender can have a new code.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_LINKS_AND_CODES_H
#define POSTSEAL_DELIVERY_COURIER_LINKS_AND_CODES_H

#include "core/database.h"
#include "core/seal/wrap.h"
#include "core/settings.h"

struct issuer {
	const struct settings *settings;
	struct database *database;
	const struct seal_key *public_key, *private_key; /* of the courier */
};

/* For one parcel that waits for it. *issued_r: there was one. */
bool issue_one(const struct issuer *issuer, bool *issued_r, struct fault *fault);

#endif
