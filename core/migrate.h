/*
 * The schema, built from numbered SQL files: each folder keeps its own in <folder>/sql, and they
 * are compiled into the program. A file must not change once it has been applied; the database
 * keeps the digest of each.
 */
#ifndef POSTSEAL_CORE_MIGRATE_H
#define POSTSEAL_CORE_MIGRATE_H

#include "core/database.h"

struct migration {
	const char *name; /* "audit/sql/001_log.sql" */
	const char *sql;
	size_t length; /* without the NUL after it */
};

/* In the order in which they depend on each other; ends with a NULL name. */
extern const struct migration migrations[];

/* Is told of each that was applied: `done` of `total` are in place then. */
typedef void migrate_tell(void *context, const char *name, unsigned done, unsigned total);

/* Applies the files that are missing, each in a transaction, and calls `tell` after each. Only one
 * process at a time can do this; others wait. Needs the role that owns the database. */
bool migrate(struct connection *connection, migrate_tell *tell, void *context, struct fault *fault);
/* Fails unless the schema is the one this program was built for. */
bool migrate_check(struct connection *connection, struct fault *fault);

#endif
