/*
 * Bringing keys into the store (keystore/reading.h says in which formats).
 */
#ifndef POSTSEAL_KEYSTORE_IMPORT_H
#define POSTSEAL_KEYSTORE_IMPORT_H

#include "core/database.h"
#include "core/seal/wrap.h"
#include "keystore/key.h"

struct import_settings {
	bool root;		   /* CA certificates in the file become trusted roots */
	bool pin;		   /* trust the certificates without a chain */
	char *const *capabilities; /* recorded in addition; ends with NULL; may be NULL */
	const char *gpg_program;
	const char *imported_by;
	const struct seal_key *master; /* needed for private keys; may be NULL */
	/* Asks for the password of `what`; false: none. */
	bool (*ask_password)(void *context, const char *what, char *password_r, size_t size);
	void *context;
};

/* What was in the file and what became of it. */
struct imported {
	enum key_kind kind;
	char *fingerprint; /* NULL: it could not be read; `skipped` says what and why */
	char *owner;
	char *role;
	char *addresses;		    /* separated by blanks */
	char *cannot_encrypt, *cannot_sign; /* or NULL */
	char *skipped;			    /* why it was not stored, or NULL */
};

/* All keys of a file, stored in one transaction: struct imported, freed by the array. OpenPGP keys
 * are merged with what the store has of them. What cannot be read is named beside what can; NULL,
 * with `fault` filled, where nothing can. */
GPtrArray *import_keys(struct connection *connection, const struct import_settings *settings,
		       const char *name, const void *bytes, size_t length, struct fault *fault);

#endif
