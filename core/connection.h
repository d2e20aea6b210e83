/*
 * The internals of a database and its connections, only for database.c, batch.c and group.c.
 */
#ifndef POSTSEAL_CORE_CONNECTION_H
#define POSTSEAL_CORE_CONNECTION_H

#include "core/database.h"
#include "core/group.h"

struct database {
	struct database_settings settings;
	GMutex lock;
	GCond returned;
	GQueue idle; /* struct connection */
	unsigned made;
	struct group group;
};

struct connection {
	struct database *database;
	PGconn *pg;
	GHashTable *prepared; /* names of the statements that are prepared */
	GQueue awaited;	      /* in a batch: which statement each coming result belongs to */
	/* The last statement was answered row by row; libpq (PostgreSQL 15) still answers the first
	 * statement of a pipeline in this way. */
	bool row_by_row;
	bool in_batch;
	bool broken;
	char sqlstate[6];
	struct member *member; /* its batch is committed with others (group.h): there is no `pg` */
};

/* Fills `fault` with what PostgreSQL says about `doing`, and keeps the SQLSTATE. Returns false. */
bool connection_fail(struct connection *connection, const PGresult *result, const char *doing,
		     struct fault *fault);
bool connection_succeeded(const PGresult *result);
/* When a statement that is sent now must have been answered (g_get_monotonic_time()). */
gint64 connection_limit(void);
/* The next result of what was sent, or NULL at its end; caller clears it. False with `fault` filled
 * if the connection broke, or if nothing came until the limit: PQgetResult() alone would wait for
 * ever for a server process that stands still, and for the end of a pipeline that libpq has read
 * already but had no memory to report. */
bool connection_next(struct connection *connection, gint64 limit, const char *doing,
		     PGresult **result_r, struct fault *fault);

#endif
