/*
 * Where keys come from. A source is one file here and one line in key_sources[] (keystore.c); it
 * tells what it has for an address, and the key store judges that: chains, strength, time, and
 * whether our own people, the owner or nobody at all stands behind it.
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
	unsigned lifetime; /* seconds that its answer is good for; 0: until the database tells of a
			      change */
	/* Adds struct key to `keys`, with content, fingerprint, owner, times and capabilities;
	 * those that count for more come first. False with `fault` filled: it could not be asked.
	 */
	bool (*find)(const struct key_question *question, GPtrArray *keys, struct fault *fault);
};

extern const struct key_source key_source_database; /* what admins imported */
extern const struct key_source key_source_upload;   /* what owners uploaded in the portal */

/* A key of a row that begins with: fingerprint, content, owner, not_before, not_after (seconds
 * since 1970 or null), gcm, oaep. What can be read from a certificate is read from it, not from the
 * row. */
struct key *key_source_row(enum key_kind kind, const PGresult *result, int row);

#endif
