/*
 * Re-seals what older keys sealed with the key that is in use now: in small transactions, and each
 * row only if it has not changed since it was read, so that mail can flow in the meantime, and the
 * work can be interrupted at any moment and started again.
 *
 * Each folder lists where it keeps sealed data: an array of these that ends with a NULL `what`.
 */
#ifndef POSTSEAL_CORE_SEAL_REWRAP_H
#define POSTSEAL_CORE_SEAL_REWRAP_H

#include "core/database.h"
#include "core/seal/key_file.h"

struct rewrap {
	const char *what;   /* "messages in the outbox" */
	const char *secret; /* rotation_of() of the key file that seals it */
	/* Counts the rows that do not have the mark $1. */
	const struct statement *count;
	/* Identifier, sealed data, and what it is bound to, of rows that do not have the mark $1,
	 * ordered by identifier, after $2; at most $3; locks them, skipping those that are already
	 * locked. */
	const struct statement *pick;
	/* Replaces $3 with $2 in the row $1. */
	const struct statement *put;
	/* Waits until everything that is being written to the table is visible. */
	const struct statement *settle;
};

/* Uses all keys of the file; takes the index of the one in use. *done_r counts. */
struct rewrap_keys {
	const struct key_file *file; /* as stored in the file: for the courier, the private keys */
	unsigned use;
	/* Called after each transaction with the number of its rows; may be NULL. */
	void (*told)(void *context, unsigned rows);
	void *context;
};
bool rewrap_rows(const struct rewrap *where, const struct rewrap_keys *keys,
		 struct connection *connection, uint64_t *done_r, struct fault *fault);
/* How many rows still need another key. */
bool rewrap_count(const struct rewrap *where, const char *mark, struct connection *connection,
		  uint64_t *left_r, struct fault *fault);
/* Of all tables of the array. */
bool rewrap_settle(const struct rewrap *where, struct connection *connection, struct fault *fault);

#endif
