/*
 * Inside the key store: the sources in the order of preference, what is looked up in them and
 * judged, and the cache of it. From outside, see keystore/keystore.h.
 */
#ifndef POSTSEAL_KEYSTORE_STORE_STORE_H
#define POSTSEAL_KEYSTORE_STORE_STORE_H

#include "core/listener.h"
#include "keystore/authority.h"
#include "keystore/keystore.h"
#include "keystore/source/source.h"
#include "keystore/status.h"

enum { SOURCES_MAX = 9 };

/* A source that is in use, and its place in the order of preference. */
struct ranked {
	const struct key_source *source;
	unsigned rank;
};

struct keystore {
	struct database *database;
	struct ranked ranked[SOURCES_MAX]; /* the most preferred first */
	size_t ranked_count;
	char *keeper;
	enum revocation revocation;
	char **gateways;
	struct listener *listener;
	GMutex lock;
	GHashTable *cache;		 /* "smime:a@b" to struct kept */
	struct authorities *authorities; /* NULL: still to be loaded */
	guint generation;		 /* counts the changes that the database has reported */
};

/* The result of the look-up for an address. */
struct kept {
	GPtrArray *keys; /* struct key */
	char *notes;	 /* why sources in the network have none; or NULL */
	time_t until;	 /* 0: until the database reports a change */
};

void store_kept_free(struct kept *kept); /* one reference */
typedef struct kept kept_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kept_auto, store_kept_free)

/* --- what the sources have (sources.c) --- */

/* Those that the setting names, which may be NULL, and those that are always asked. */
void store_rank_sources(struct keystore *keystore, char *const *names);
/* Asks all sources. `authorities` may be NULL for OpenPGP. NULL with `fault` filled: one of them,
 * or the database, could not be asked. */
struct kept *store_load_keys(struct keystore *keystore, struct connection *connection,
			     const struct authorities *authorities, enum key_kind kind,
			     const char *address, struct fault *fault);

/* --- what that is worth (judge.c) --- */

struct authorities *store_load_authorities(const struct keystore *keystore,
					   struct connection *connection, struct fault *fault);
/* Fills in what depends on others: the chain, revocations, the keeper. *until becomes the time
 * until which that holds, if it is earlier; 0: for ever. */
bool store_judge(const struct keystore *keystore, struct connection *connection,
		 const struct authorities *authorities, struct key *key, time_t *until,
		 struct fault *fault);
/* Why a certificate is not used, by what is known of revocations in its chain; caller frees. NULL:
 * it is. */
char *store_why_not_good(enum revocation revocation, const struct chain_status *status);

/* --- what is known already (cache.c) --- */

/* As struct listener wants it: the address, a gateway, or empty for everything. */
void store_forget(void *context, const char *payload);
/* From the cache or the sources; caller frees. NULL with `fault` filled as above. */
struct kept *store_known(struct keystore *keystore, enum key_kind kind, const char *address,
			 struct fault *fault);
/* Borrowed while certificates are verified; must be given back, with the generation that was read
 * under the lock before. NULL with `fault` filled. */
struct authorities *store_take_authorities(struct keystore *keystore, guint generation,
					   struct connection *connection, struct fault *fault);
void store_give_authorities(struct keystore *keystore, guint generation,
			    struct authorities *authorities);

#endif
