/*
 * Keys for employees: certificates of the company's own authority, and OpenPGP keys. Private halves
 * are wrapped with the master key and stored before anybody learns of the key.
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_ISSUE_H
#define POSTSEAL_KEYSTORE_KEEPER_ISSUE_H

#include "keystore/keeper/issuer.h"

enum issue_reason {
	ISSUE_ORDERED, /* by root */
	ISSUE_WISHED,  /* only while the wish stands: it ends when somebody leaves */
	ISSUE_RENEWED,
};

struct issue_order {
	enum issue_reason why;
	const char *actor; /* for the record */
};

/* Issues what the folded address lacks of the setting `ca keys`: a kind of which it has a key of
 * its own, issued or imported, for longer than `ca renew` is left alone, so that calling this twice
 * is harmless. Fails if the address is not in the setting `domains`, or there is no authority. */
bool issue_keys(const struct issuing *issuing, const char *address, const struct issue_order *order,
		struct fault *fault);

/* One of the OpenPGP keys that were issued: valid for as long as a new one, or revoked. */
bool issue_extend(const struct issuing *issuing, const char *fingerprint, struct fault *fault);
bool issue_publish_revocation(const struct issuing *issuing, const char *fingerprint,
			      const char *reason, struct fault *fault);

#endif
