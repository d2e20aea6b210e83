#include "core/batch.h"

#include <string.h>

#include "core/cleanup.h"
#include "core/connection.h"

/* --- one statement for several rows --- */

/* Appends the text for one row, with its parameters numbered from `first`. */
static void
append_row(GString *sql, const char *row, unsigned first)
{
	while (*row != '\0') {
		g_string_append_c(sql, *row);
		if (*row++ == '$' && g_ascii_isdigit(*row))
			g_string_append_printf(sql, "%" G_GUINT64_FORMAT,
					       g_ascii_strtoull(row, (char **)&row, 10) + first);
	}
}

static unsigned
parameters_in(const char *row)
{
	guint64 most = 0;

	for (const char *c = strchr(row, '$'); c != NULL; c = strchr(c + 1, '$'))
		most = MAX(most, g_ascii_strtoull(c + 1, NULL, 10));
	return (unsigned)most;
}

char *
statement_for_rows(const struct statement *statement, unsigned rows)
{
	static const char values[] = "values ";
	const char *row;
	GString *sql;
	unsigned width;

	if (rows == 1)
		return g_strdup(statement->sql);
	g_assert(statement->repeats);
	row = g_strrstr(statement->sql, values) + strlen(values);
	width = parameters_in(row);
	sql = g_string_new(statement->sql);
	for (unsigned i = 1; i < rows; i++) {
		g_string_append_c(sql, ',');
		append_row(sql, row, i * width);
	}
	return g_string_free(sql, FALSE);
}

/* --- batches --- */

/* So that no row is taken for the answer to the first statement: this one has none. */
static bool
begin_without_rows(struct connection *connection, struct fault *fault)
{
	if (PQsendPrepare(connection->pg, "", "", 0, NULL) != 1)
		return connection_fail(connection, NULL, "begin of a batch", fault);
	g_queue_push_tail(&connection->awaited, (gpointer) "begin of a batch");
	connection->row_by_row = false;
	return true;
}

bool
batch_begin(struct connection *connection, struct fault *fault)
{
	if (connection->member != NULL)
		return true;
	if (PQenterPipelineMode(connection->pg) != 1)
		return connection_fail(connection, NULL, "begin of a batch", fault);
	connection->in_batch = true;
	return !connection->row_by_row || begin_without_rows(connection, fault);
}

/* The name under which the statement for `rows` rows is prepared; it lives as long as the
 * connection. */
static const char *
prepare_in_batch(struct connection *connection, const struct statement *statement, unsigned rows,
		 struct fault *fault)
{
	g_autofree char *name = rows == 1 ? g_strdup(statement->name)
					  : g_strdup_printf("%s x %u", statement->name, rows);
	const char *known = g_hash_table_lookup(connection->prepared, name);
	g_autofree char *sql = NULL;

	if (known != NULL)
		return known;
	sql = statement_for_rows(statement, rows);
	if (PQsendPrepare(connection->pg, name, sql, 0, NULL) != 1) {
		connection_fail(connection, NULL, statement->name, fault);
		return NULL;
	}
	g_queue_push_tail(&connection->awaited, (gpointer)statement->name);
	known = name;
	g_hash_table_add(connection->prepared, g_steal_pointer(&name));
	return known;
}

bool
batch_add_rows(struct connection *connection, const struct statement *statement, unsigned rows,
	       int count, const char *const *values, const int *lengths, const int *formats,
	       struct fault *fault)
{
	const char *name;

	g_assert(connection->in_batch);
	name = prepare_in_batch(connection, statement, rows, fault);
	if (name == NULL)
		return false;
	if (PQsendQueryPrepared(connection->pg, name, count, values, lengths, formats, 0) != 1)
		return connection_fail(connection, NULL, statement->name, fault);
	g_queue_push_tail(&connection->awaited, (gpointer)statement->name);
	return true;
}

bool
batch_add(struct connection *connection, const struct statement *statement,
	  const struct parameters *parameters, struct fault *fault)
{
	if (connection->member != NULL)
		return member_add(connection->member, statement, parameters, fault);
	return batch_add_rows(connection, statement, 1, parameters->count, parameters->values,
			      parameters->lengths, parameters->formats, fault);
}

/* Each statement is answered by one result and a NULL. The first failure is reported; the server
 * has skipped the statements after it. */
static bool
collect_answers(struct connection *connection, gint64 limit, struct fault *fault)
{
	bool good = true;

	while (!g_queue_is_empty(&connection->awaited)) {
		const char *name = g_queue_pop_head(&connection->awaited);
		g_autoptr(PGresult) result = NULL, end = NULL;

		if (!connection_next(connection, limit, name, &result, fault))
			return false;
		if (result == NULL || PQstatus(connection->pg) != CONNECTION_OK)
			return connection_fail(connection, NULL, name, fault);
		if (good && !connection_succeeded(result))
			good = connection_fail(connection, result, name, fault);
		if (!connection_next(connection, limit, name, &end, fault))
			return false;
		if (end != NULL)
			return connection_fail(connection, end, name, fault);
	}
	return good;
}

bool
batch_commit(struct connection *connection, struct fault *fault)
{
	g_autoptr(PGresult) sync = NULL;
	gint64 limit;

	if (connection->member != NULL)
		return member_commit(connection->member, connection->sqlstate, fault);
	connection->broken = true; /* until everything is known to have succeeded */
	if (PQpipelineSync(connection->pg) != 1)
		return connection_fail(connection, NULL, "commit", fault);
	limit = connection_limit();
	if (!collect_answers(connection, limit, fault) ||
	    !connection_next(connection, limit, "commit", &sync, fault))
		return false;
	if (PQresultStatus(sync) != PGRES_PIPELINE_SYNC)
		return connection_fail(connection, sync, "commit", fault);
	if (PQexitPipelineMode(connection->pg) != 1)
		return true; /* committed, but the connection is not reused */
	connection->in_batch = false;
	connection->broken = false;
	return true;
}
