/*
 * Trust: statements that a key, a certificate or an account belongs to an address, each made by
 * somebody (a sender whose unlock code was used, the owner while signed in) and revocable by
 * them. What rests on a statement is asked of the database each time, so that a revoked one
 * counts no more from that moment on.
 */
#ifndef POSTSEAL_KEYSTORE_TRUST_H
#define POSTSEAL_KEYSTORE_TRUST_H

#include "core/database.h"

struct attestation {
	const char *kind;    /* "account", "smime", "pgp" */
	const char *subject; /* fingerprint */
	const char *address; /* whose it is said to be; folded */
	const char *author;  /* who says so; folded */
	const char *how;     /* "unlock code", "signed in" */
	const char *since;   /* when its ground arose, as the database writes times; NULL: now */
};

/* Both add to the open batch. The same statement again changes nothing, nor does one that its
 * author (or an admin, or a reset of the account) has revoked since its ground arose. */
bool trust_attest(struct connection *connection, const struct attestation *attestation,
		  struct fault *fault);
/* `subject` or `author` NULL: all of them. */
bool trust_revoke(struct connection *connection, const struct attestation *attestation,
		  const char *because, struct fault *fault);

#endif
