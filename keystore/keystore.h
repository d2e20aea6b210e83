/*
 * The key store: finds the keys that can be used for an address now. Keys come from sources
 * (keystore/source/source.h); the store judges them and chooses.
 *
 * Results are cached in the process until the database reports a change (LISTEN/NOTIFY), or for as
 * long as their source says they are good. While notifications may be missed, nothing is cached.
 */
#ifndef POSTSEAL_KEYSTORE_KEYSTORE_H
#define POSTSEAL_KEYSTORE_KEYSTORE_H

#include "core/database.h"
#include "core/settings.h"
#include "keystore/key.h"

struct keystore;

struct keystore_settings {
	struct database *database;
	const struct database_settings *listen; /* NULL: nothing is cached */
	const char *keeper; /* socket of the keeper, which signs; NULL: nothing can be signed */
	char *const
		*sources; /* the setting `keys from`; NULL: only what admins and owners brought */
	enum revocation revocation; /* the setting of this name */
	char *const *gateways;	    /* the setting `keys domains`; NULL: none */
};

struct keystore *keystore_new(const struct keystore_settings *settings);
void keystore_free(struct keystore *keystore);

struct keystore_answer {
	GPtrArray *keys;   /* struct key *, usable now; may be empty */
	char *passed_over; /* why others were not used: "1a2b…: expired on …; …", or NULL */
};

/* The keys that mail to the folded address is encrypted to: those of the first source, in the order
 * of the setting, that has usable ones. Two sources that contradict each other never add up. Only
 * if there are none, those of the gateway of its domain.
 *
 * Within what was imported and uploaded, the choice depends on who might be able
 * to read along: all usable keys that the organisation vouches for (imported and pinned, or with a
 * chain to an authority it trusts, no matter who supplied them); only if there are none, the key of
 * each kind that the owner uploaded last. Nobody who had access to an account for an hour can read
 * along unnoticed: their key replaces the owner's, and the owner is told, and can no longer read.
 * `is_employee`: the address is in the organisation's domains, for which uploads are ignored. False
 * only if the store could not be queried. */
bool keystore_find(struct keystore *keystore, enum key_kind kind, const char *address,
		   bool is_employee, struct keystore_answer *answer_r, struct fault *fault);
void keystore_answer_clear(struct keystore_answer *answer);
/* Looks the folded address up afresh from now on, or everything if it is "": keys have just
 * changed. */
void keystore_forget(struct keystore *keystore, const char *address);
/* Where a key comes from, for the record: ", found by wkd on 2026-11-26 20:10 UTC"; "" if it was
 * imported or uploaded for this address. Caller frees. */
char *keystore_origin(const struct key *key);
/* Why a key is not used for an employee's address; NULL: it is. */
const char *keystore_bars_employee(const struct key *key);
/* All keys that the sources have for the folded address, usable or not, each judged by itself:
 * struct key, freed with the array by the caller. NULL only if the store could not be queried. */
GPtrArray *keystore_known(struct keystore *keystore, enum key_kind kind, const char *address,
			  struct fault *fault);
/* Is the folded address in one of the domains (from the settings, canonical; ending with NULL, or
 * NULL)? */
bool keystore_is_employee(char *const *domains, const char *address);

/* Our own keys of the folded address, also those that have expired, then those that were
 * revoked or whose owner has left: what was sealed to them is still opened. *keys_r: struct key;
 * caller unrefs. False only if the store could not be queried.
 */
bool keystore_own(struct keystore *keystore, enum key_kind kind, const char *address,
		  GPtrArray **keys_r, struct fault *fault);

/* What is to be said for a certificate that came with mail. */
struct vouching {
	char *why; /* why it is worth nothing; NULL: the organisation trusts its issuer */
	enum trust_level trust; /* then: how far */
	STACK_OF(X509) * chain; /* up to the root; NULL: there is none */
	bool is_unchecked;	/* nobody has said yet whether it was revoked */
};
/* Is there a chain, valid now and as far as is known not revoked, from the certificate to an
 * authority that the organisation trusts? `others` came with it, and may be part of the chain.
 * False only if the store could not be queried; caller clears in either case. */
bool keystore_vouches(struct keystore *keystore, X509 *certificate, STACK_OF(X509) * others,
		      struct vouching *vouching_r, struct fault *fault);
void vouching_clear(struct vouching *vouching);
typedef struct vouching vouching_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(vouching_auto, vouching_clear)

struct keystore_signer {
	struct key *key; /* our own, whose private half the keeper holds; or NULL */
	char *why_not;	 /* then: for the record */
};

/* The newest of our own keys of the sender that may sign. False only if the store could not be
 * queried. */
bool keystore_signer(struct keystore *keystore, enum key_kind kind, const char *address,
		     struct keystore_signer *signer_r, struct fault *fault);
void keystore_signer_clear(struct keystore_signer *signer);

#endif
