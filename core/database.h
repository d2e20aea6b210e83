/*
 * PostgreSQL through a pool of connections. Every statement is prepared once per connection and
 * takes parameters; SQL is never assembled from values.
 *
 * A batch sends its statements without waiting for the answers (libpq's pipeline mode). PostgreSQL
 * runs a batch as one transaction: either all of it is committed, or nothing.
 */
#ifndef POSTSEAL_CORE_DATABASE_H
#define POSTSEAL_CORE_DATABASE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cleanup.h"
#include "core/fault.h"

struct database_settings {
	const char *url;   /* libpq connection string or URI */
	const char *role;  /* used if the URL names no user */
	const char *actor; /* the person who is acting, for the record; NULL: the program itself */
	bool read_only;	   /* nothing can be changed */
	unsigned connections_max; /* default 16 */
	unsigned wait_seconds; /* to wait for a free connection while all are in use; default 60 */
	unsigned connect_seconds; /* for connecting; default 10 */
};

struct statement {
	const char *name;
	const char *sql;
	bool binary; /* results in PostgreSQL's binary format: a bytea is its raw bytes */
	/* The SQL ends in `values (…)` and may be run for several rows at once, even before
	 * statements that were added earlier. */
	bool repeats;
};

enum { PARAMETERS_MAX = 24, PARAMETER_NUMBER_MAX = 24 };

/* Values are borrowed until the statement has been sent; numbers are stored inside. */
struct parameters {
	int count;
	const char *values[PARAMETERS_MAX];
	int lengths[PARAMETERS_MAX];
	int formats[PARAMETERS_MAX];
	char numbers[PARAMETERS_MAX][PARAMETER_NUMBER_MAX];
};

void parameters_text(struct parameters *parameters, const char *text); /* NULL: SQL null */
void parameters_number(struct parameters *parameters, int64_t number);
void parameters_time(struct parameters *parameters, int64_t seconds); /* since 1970; 0: SQL null */
void parameters_flag(struct parameters *parameters, bool flag);
void parameters_bytes(struct parameters *parameters, const void *bytes, size_t length);

struct database;
struct connection;

/* A copy that owns its texts, to be cleared: the settings that the texts come from may be reloaded.
 */
struct database_settings database_settings_copy(const struct database_settings *settings);
void database_settings_clear(struct database_settings *settings);

/* Connects when a connection is first needed. Copies the settings. */
struct database *database_new(const struct database_settings *settings);
void database_free(struct database *database);

/* The number of open connections, and how many of those are in use. */
void database_count(struct database *database, unsigned *open_r, unsigned *used_r);

/* A connection for the caller alone, until it is given back. NULL with `fault` filled if none
 * becomes free in time. A connection that failed, or was given back within a batch, is closed and
 * not reused. */
struct connection *database_take(struct database *database, struct fault *fault);
void connection_give(struct connection *connection);
/* A connection for one batch, which is committed together with those of other threads that are
 * ready at the same time (group commit); a batch that cannot be committed does not affect the
 * others. Cannot fail: a real connection is taken only when one is needed. */
struct connection *database_take_grouped(struct database *database);

/* Announces a batch on a grouped connection; the other call says that it was committed or will not
 * come. If several are expected, a commit waits some milliseconds for them. */
void database_expect_batch(struct database *database);
void database_release_batch(struct database *database);
typedef struct connection connection_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(connection_auto, connection_give)

/* Caller frees *result_r (may be NULL). `parameters` may be NULL. */
bool connection_execute(struct connection *connection, const struct statement *statement,
			const struct parameters *parameters, PGresult **result_r,
			struct fault *fault);
/* Passes each row to `take` as it arrives, while the server produces the next; once `take` returns
 * false, the remaining rows are skipped. */
typedef bool take_row(void *context, const PGresult *row, struct fault *fault);
bool connection_rows(struct connection *connection, const struct statement *statement,
		     const struct parameters *parameters, take_row *take, void *context,
		     struct fault *fault);
/* For text that holds several statements, such as migrations; runs as one transaction. */
bool connection_script(struct connection *connection, const char *sql, struct fault *fault);

/* A transaction whose statements need each other's answers. If it is not committed, it is rolled
 * back when the connection is given back. */
bool transaction_begin(struct connection *connection, struct fault *fault);
bool transaction_commit(struct connection *connection, struct fault *fault);
/* Commits as the last statement of a batch within the transaction, which saves a round trip. */
bool batch_end_transaction(struct connection *connection, struct fault *fault);

bool batch_begin(struct connection *connection, struct fault *fault);
bool batch_add(struct connection *connection, const struct statement *statement,
	       const struct parameters *parameters, struct fault *fault);
/* True: committed. False: not committed, or unknown because the connection broke. */
bool batch_commit(struct connection *connection, struct fault *fault);

/* SQLSTATE of the last failure on this connection, or "". */
const char *connection_sqlstate(const struct connection *connection);

/* The bytes of a bytea column in text format, *length_r of them; caller frees. */
unsigned char *result_bytes(const PGresult *result, int row, int column, size_t *length_r);
/* NULL if the column is null. */
const char *result_text(const PGresult *result, int row, int column);
int64_t result_number(const PGresult *result, int row, int column);
bool result_flag(const PGresult *result, int row, int column);

/* Connects outside the pool, for LISTEN. NULL with `fault` filled. */
PGconn *database_connect(const struct database_settings *settings, struct fault *fault);

#endif
