/*
 * Where keys come from. A source is one file here and one line in key_sources[] (keystore.c); it
 * returns what it has for an address, and the key store judges that: chains, strength, validity
 * period, and whether the organisation, the owner or nobody at all vouches for the key.
 */
#ifndef POSTSEAL_KEYSTORE_SOURCE_SOURCE_H
#define POSTSEAL_KEYSTORE_SOURCE_SOURCE_H

#include "core/database.h"
#include "keystore/key.h"

struct key_question {
	struct connection *connection;
	enum key_kind kind;
	const char *address; /* folded */
};

struct key_source {
	const char *name;
	unsigned lifetime; /* how many seconds its answer is good for; 0: until the database reports
			      a change */
	/* Adds struct key to `keys`, with content, fingerprint, owner, times and capabilities; the
	 * more trusted first. False with `fault` filled if the source could not be queried. */
	bool (*find)(const struct key_question *question, GPtrArray *keys, struct fault *fault);
};

extern const struct key_source key_source_database; /* what admins imported */
extern const struct key_source key_source_upload;   /* what owners uploaded in the portal */

/* Makes a key from a row that begins with: fingerprint, content, owner, not_before, not_after
 * (seconds since 1970 or null), gcm, oaep. Whatever a certificate says itself is taken from the
 * certificate, not from the row. */
struct key *key_source_row(enum key_kind kind, const PGresult *result, int row);

#endif
