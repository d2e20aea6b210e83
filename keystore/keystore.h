/*
 * The key store: which keys can be used for an address, now.
 *
 * Keys are in PostgreSQL; what was looked up is kept in the process until the database says
 * that it changed (LISTEN/NOTIFY). While notifications may be missed, nothing is kept.
 */
#ifndef POSTSEAL_KEYSTORE_KEYSTORE_H
#define POSTSEAL_KEYSTORE_KEYSTORE_H

#include "core/database.h"
#include "keystore/key.h"

struct keystore;

struct keystore_settings {
	struct database *database;
	const struct database_settings *listen; /* NULL: nothing is kept */
	const char *keeper; /* socket of the keeper, which signs; NULL: nothing is ever signed */
};

struct keystore *keystore_new(const struct keystore_settings *settings);
void keystore_free(struct keystore *keystore);

struct keystore_answer {
	GPtrArray *keys; /* struct key *, usable now; may be empty */
	char *passed_over; /* why others were not taken: "1a2b…: expired on …; …", or NULL */
};

/* `address` is folded. False only when the store could not be asked. */
bool keystore_find(struct keystore *keystore, enum key_kind kind, const char *address,
		   struct keystore_answer *answer_r, struct fault *fault);
void keystore_answer_clear(struct keystore_answer *answer);

/* How the owner of the address wants their mail, said while signed in ("smime"); NULL: any way. The
 * caller's. */
bool keystore_wish(struct keystore *keystore, const char *address, char **wish_r, struct fault *fault);

/* Our own usable key for the sender, whose private half the keeper has; *signer_r is NULL when there is
 * none. The caller's. */
bool keystore_signer(struct keystore *keystore, enum key_kind kind, const char *address,
		     struct key **signer_r, struct fault *fault);

#endif
