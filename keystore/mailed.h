/*
 * Keys that come with mail: certificates that signed it, or that its signature names, OpenPGP keys
 * in Autocrypt headers (Autocrypt Level 1) and attached ones. The milter writes down what a message
 * brought, in the commit of the message; the courier has it read by postseal-keyreader and keeps
 * what is a key of the author, as what the source `mail` has (sql/170_mailed_keys.sql).
 */
#ifndef POSTSEAL_KEYSTORE_MAILED_H
#define POSTSEAL_KEYSTORE_MAILED_H

#include "core/database.h"
#include "core/identifier.h"
#include "keystore/found.h"

enum { MAILED_BYTES_MAX = 64 * 1024, MAILED_CHAIN_MAX = 8, MAILED_TRIES_MAX = 3 };

struct mailed_key {
	struct identifier id;
	enum key_kind kind;
	char *address;	   /* the author; folded */
	const char *how;   /* the ground, as in trust.h; a constant */
	char *fingerprint; /* of the key that signed; NULL: any key of the author */
	GBytes *content;   /* as it came, MAILED_BYTES_MAX at most */
	GPtrArray *chain;  /* GBytes: DER of the authorities below the root; or NULL */
	bool gcm, oaep;	   /* announced with the signature */
	bool prefers_encryption;
	time_t dated_at;
	char *message; /* on record */
};

struct mailed_key *mailed_key_new(enum key_kind kind, const char *address, const char *how);
void mailed_key_free(struct mailed_key *key);

/* Adds it to the open batch; it may be left out, if there is too much. */
bool mailed_add(struct connection *connection, const struct mailed_key *key, const char *message,
		struct fault *fault);

/* --- for the courier --- */

/* Adds up to `most` that wait to `keys` (struct mailed_key), and holds them for two minutes. */
bool mailed_claim(struct connection *connection, unsigned most, GPtrArray *keys,
		  struct fault *fault);
/* In one transaction: keeps what was found in it (struct found_key; may be empty), states whose it
 * is, and notes that it is done. */
bool mailed_settle(struct connection *connection, const struct mailed_key *mailed,
		   const GPtrArray *found, struct fault *fault);
/* It could not be read: it is tried again, a few times. */
bool mailed_put_off(struct connection *connection, const struct mailed_key *mailed,
		    struct fault *fault);

#endif
