/*
 * Keys for employees: certificates of the company's own authority, and OpenPGP keys. Private halves
 * are wrapped with the master key and stored before anybody learns of the key.
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_ISSUE_H
#define POSTSEAL_KEYSTORE_KEEPER_ISSUE_H

#include "keystore/keeper/issuer.h"

/* Issues what the folded address lacks of the setting `ca keys`: a kind of which it has a key of
 * its own, issued or imported, for longer than `ca renew` is left alone, so that calling this twice
 * is harmless. Fails if
 * the address is not in the setting `domains`, or there is no authority. */
bool issue_keys(const struct issuing *issuing, const char *address, const char *actor,
		struct fault *fault);

/* One of the OpenPGP keys that were issued: valid for as long as a new one, or revoked. */
bool issue_extend(const struct issuing *issuing, const char *fingerprint, struct fault *fault);
bool issue_publish_revocation(const struct issuing *issuing, const char *fingerprint,
			      const char *reason, struct fault *fault);

#endif
