/*
 * A certificate or OpenPGP key that its owner gives us through the portal: checked, and stored with
 * the statement that they gave it while signed in. Private keys are refused.
 */
#ifndef POSTSEAL_KEYSTORE_UPLOAD_H
#define POSTSEAL_KEYSTORE_UPLOAD_H

#include "core/database.h"
#include "keystore/key.h"

struct uploaded_key {
	enum key_kind kind;
	char *fingerprint;
	char *owner;
	GBytes *content;
	time_t not_before, not_after;
	const char *capabilities; /* a PostgreSQL array */
};
void uploaded_key_clear(struct uploaded_key *given);

/* PEM, DER, or OpenPGP, binary or armored; it must name the folded address and be usable now. The
 * fault's text is a sentence for its owner. */
bool upload_read(const void *bytes, size_t length, const char *address, const char *gpg_program,
		 struct uploaded_key *given_r, struct fault *fault);
/* *taken_r: false where somebody else's key of that fingerprint is there. Makes the statement. */
bool upload_store(struct connection *connection, const struct uploaded_key *given, const char *address,
		bool *taken_r, struct fault *fault);
/* The key counts no more, where it was this address that gave it. */
bool upload_withdraw(struct connection *connection, const char *kind, const char *fingerprint,
		      const char *address, struct fault *fault);

#endif
