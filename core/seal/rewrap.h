/*
 * Bringing what a key sealed under the one that is in use now: in small transactions, each row only
 * as long as it is as it was read, so that mail flows meanwhile, and that it may end at any moment
 * and begin again.
 *
 * Each folder says where it keeps what is sealed: an array of these that ends with a NULL `what`.
 */
#ifndef POSTSEAL_CORE_SEAL_REWRAP_H
#define POSTSEAL_CORE_SEAL_REWRAP_H

#include "core/database.h"
#include "core/seal/key_file.h"

struct rewrap {
	const char *what;   /* "messages in the outbox" */
	const char *secret; /* rotation_of() the key file that seals it */
	/* How many do not have the mark $1. */
	const struct statement *count;
	/* Identifier, what is sealed, and what it is bound to, of rows that do not have the mark
	 * $1, in the order of the identifier, after $2; $3 at most; locked, but for those that are
	 * locked already. */
	const struct statement *pick;
	/* Puts $2 into the row $1 in place of $3. */
	const struct statement *put;
	/* Waits until all that is being written to the table is there to be seen. */
	const struct statement *settle;
};

/* With all keys of the file, and the place of the one in use. *done_r counts. */
struct rewrap_keys {
	const struct key_file *file; /* as it is: of the courier the private keys */
	unsigned use;
};
bool rewrap_rows(const struct rewrap *where, const struct rewrap_keys *keys,
		 struct connection *connection, uint64_t *done_r, struct fault *fault);
/* How many rows still need another key. */
bool rewrap_count(const struct rewrap *where, const char *mark, struct connection *connection,
		  uint64_t *left_r, struct fault *fault);
bool rewrap_settle(const struct rewrap *where, struct connection *connection, struct fault *fault);

#endif
