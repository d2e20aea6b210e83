/*
 * Bringing keys into the store: PEM, DER, PKCS#7 (RFC 2315), PKCS#12 (RFC 7292), OpenPGP.
 */
#ifndef POSTSEAL_KEYSTORE_IMPORT_H
#define POSTSEAL_KEYSTORE_IMPORT_H

#include "core/database.h"
#include "core/seal/wrap.h"
#include "keystore/key.h"

struct import_settings {
	bool root;                      /* CA certificates in the file become trusted roots */
	bool pin;                       /* trust the certificates without a chain */
	char *const *capabilities;      /* recorded in addition; ends with NULL; may be NULL */
	const char *gpg_program;
	const char *imported_by;
	const struct seal_key *master;  /* needed for private keys; may be NULL */
	/* Asks for the password of `what`; false: none. */
	bool (*ask_password)(void *context, const char *what, char *password_r, size_t size);
	void *context;
};

/* What was in the file and what became of it. */
struct imported {
	enum key_kind kind;
	char *fingerprint;
	char *owner;
	char *role;
	char *addresses; /* separated by blanks */
	char *problem;   /* or NULL */
	char *skipped;   /* why it was not stored, or NULL */
};

/* All keys of a file, stored in one transaction: struct imported, freed by the array. */
GPtrArray *import_keys(struct connection *connection, const struct import_settings *settings,
		       const char *name, const void *bytes, size_t length, struct fault *fault);

#endif
