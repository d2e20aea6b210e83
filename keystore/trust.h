/*
 * Trust: statements that a key, a certificate or an account belongs to an address, each made by
 * someone (a sender whose unlock code was used, the owner while signed in) and revocable by them.
 * Anything that depends on a statement looks it up in the database each time, so that a revoked
 * statement no longer counts from that moment on.
 */
#ifndef POSTSEAL_KEYSTORE_TRUST_H
#define POSTSEAL_KEYSTORE_TRUST_H

#include "core/database.h"

struct attestation {
	const char *kind;    /* "account", "smime", "pgp" */
	const char *subject; /* fingerprint */
	const char *address; /* to whom it is said to belong; folded */
	const char *author;  /* who says so; folded */
	const char *how;     /* "unlock code", "signed in" */
	const char
		*since; /* when the grounds for it arose, as the database writes times; NULL: now */
};

/* Both add to the open batch. Making the same statement again has no effect, nor does making one
 * that its author (or an admin, or a reset of the account) has revoked since its grounds arose. */
bool trust_attest(struct connection *connection, const struct attestation *attestation,
		  struct fault *fault);
/* `subject` or `author` may be NULL: all of them. */
bool trust_revoke(struct connection *connection, const struct attestation *attestation,
		  const char *because, struct fault *fault);

#endif
