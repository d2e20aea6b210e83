/*
 * The key store: which keys can be used for an address, now. Keys come from
 * sources (keystore/source/source.h); the store judges and chooses.
 *
 * What was looked up is kept in the process until the database says that it changed
 * (LISTEN/NOTIFY), or as long as its source is good for. While notifications may be missed, nothing
 * is kept.
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
	GPtrArray *keys;   /* struct key *, usable now; may be empty */
	char *passed_over; /* why others were not taken: "1a2b…: expired on …; …", or NULL */
};

/* What mail to the folded address is encrypted to. Who might read along decides:
 *  - all usable keys that the organisation vouches for (imported and pinned, or with a chain to an
 *    authority it trusts, whoever brought them);
 *  - only where there is none, the one that the owner uploaded last, of each kind. Nobody who held
 * an account for an hour reads along in silence: their key takes the place of the owner's, who is
 * told, and cannot read. `is_employee`: the address is in the organisation's domains, where uploads
 * count for nothing. False only when the store could not be asked. */
bool keystore_find(struct keystore *keystore, enum key_kind kind, const char *address,
		   bool is_employee, struct keystore_answer *answer_r, struct fault *fault);
void keystore_answer_clear(struct keystore_answer *answer);
/* Is the folded address in one of the domains (of the settings, canonical; ending with NULL, or
 * NULL)? */
bool keystore_is_employee(char *const *domains, const char *address);

struct keystore_signer {
	struct key *key; /* our own, whose private half the keeper has; or NULL */
	char *why_not;	 /* then: for the record */
};

/* The newest of our own keys of the sender that may sign. False only when the store could not be
 * asked. */
bool keystore_signer(struct keystore *keystore, enum key_kind kind, const char *address,
		     struct keystore_signer *signer_r, struct fault *fault);
void keystore_signer_clear(struct keystore_signer *signer);

#endif
