/*
 * Links and unlock codes for parcels. The milter parks a message and leaves its key sealed for the
 * courier; here the courier makes a link and a code for each recipient, wraps the key with what is
 * derived from both, and puts the notices and the codes into the outbox, all in one transaction. So
 * deriving keys, which is slow by design, delays no sender. If the recipient has an account that
 * the sender trusts, the key is sealed to the account, and there is no code.
 *
 * The key sealed for the courier is deleted when the message is first opened (or at once, depending
 * on the setting `pickup renew`): until then, the sender can have a new code made.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_LINKS_AND_CODES_H
#define POSTSEAL_DELIVERY_COURIER_LINKS_AND_CODES_H

#include "core/database.h"
#include "core/seal/ring.h"
#include "core/settings.h"

struct issuer {
	const struct settings *settings;
	struct database *database;
	struct ring *ring; /* of courier.key */
};

/* Handles one waiting parcel. *issued_r: there was one. */
bool issue_one(const struct issuer *issuer, bool *issued_r, struct fault *fault);

#endif
