/*
 * Imports keys into the store (keystore/reading.h lists the formats).
 */
#ifndef POSTSEAL_KEYSTORE_IMPORT_H
#define POSTSEAL_KEYSTORE_IMPORT_H

#include "core/database.h"
#include "core/seal/wrap.h"
#include "keystore/key.h"

struct import_settings {
	bool root;	   /* CA certificates in the file become trusted roots */
	bool pin;	   /* trust the certificates without a chain */
	const char *trust; /* what these roots' word is worth: "domain", "organisation"; NULL: as
			      before */
	const char
		*revocation; /* of what these roots issue: "soft", "hard", "off"; NULL: as before */
	const char *domain;  /* for everybody there: "partner.example", or "*.partner.example" for
				its sub-domains; NULL: only for the addresses in the keys */
	const char *address; /* for this one besides, which they need not name; folded; or NULL */
	char *const
		*capabilities; /* recorded as additional addresses; ends with NULL; may be NULL */
	const char *gpg_program;
	const char *imported_by;
	const struct seal_key *master; /* needed for private keys; may be NULL */
	/* Asks for the password of `what`; false if there is none. */
	bool (*ask_password)(void *context, const char *what, char *password_r, size_t size);
	void *context;
};

/* What was in the file, and what was done with it. */
struct imported {
	enum key_kind kind;
	char *fingerprint; /* NULL: it could not be read; `skipped` says what and why */
	char *owner;
	char *role;
	char *addresses;		    /* separated by blanks */
	char *cannot_encrypt, *cannot_sign; /* or NULL */
	char *domain;			    /* for everybody there, or NULL */
	char *address;			    /* for this one besides, or NULL */
	char *skipped;			    /* why it was not stored, or NULL */
};

/* Stores all keys of a file in one transaction: struct imported, freed by the array. OpenPGP keys
 * are merged with what the store already has of them. Whatever cannot be read is listed along with
 * what can; NULL, with `fault` filled, if nothing can. */
GPtrArray *import_keys(struct connection *connection, const struct import_settings *settings,
		       const char *name, const void *bytes, size_t length, struct fault *fault);

#endif
