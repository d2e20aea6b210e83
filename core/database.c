#include "core/database.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/connection.h"

enum {
	CONNECT_SECONDS = 10,
	ANSWER_SECONDS_MAX = 70, /* the server ends a statement after 60 (session_options) */
};

/* --- parameters --- */

static void
add(struct parameters *parameters, const char *value, size_t length, int format)
{
	int n = parameters->count;

	g_assert(n < PARAMETERS_MAX);
	parameters->values[n] = value;
	parameters->lengths[n] = (int)length;
	parameters->formats[n] = format;
	parameters->count++;
}

void
parameters_text(struct parameters *parameters, const char *text)
{
	add(parameters, text, text == NULL ? 0 : strlen(text), 0);
}

void
parameters_number(struct parameters *parameters, int64_t number)
{
	char *kept = parameters->numbers[parameters->count];

	g_snprintf(kept, PARAMETER_NUMBER_MAX, "%" G_GINT64_FORMAT, (gint64)number);
	add(parameters, kept, strlen(kept), 0);
}

void
parameters_time(struct parameters *parameters, int64_t seconds)
{
	if (seconds == 0)
		parameters_text(parameters, NULL);
	else
		parameters_number(parameters, seconds);
}

void
parameters_flag(struct parameters *parameters, bool flag)
{
	parameters_text(parameters, flag ? "t" : "f");
}

void
parameters_bytes(struct parameters *parameters, const void *bytes, size_t length)
{
	add(parameters, bytes, length, 1);
}

/* --- connections --- */

struct database_settings
database_settings_copy(const struct database_settings *settings)
{
	struct database_settings copy = *settings;

	copy.url = g_strdup(settings->url);
	copy.role = g_strdup(settings->role);
	copy.actor = g_strdup(settings->actor);
	return copy;
}

void
database_settings_clear(struct database_settings *settings)
{
	g_free((char *)settings->url);
	g_free((char *)settings->role);
	g_free((char *)settings->actor);
}

struct database *
database_new(const struct database_settings *settings)
{
	struct database *database = g_new0(struct database, 1);

	database->settings = database_settings_copy(settings);
	if (database->settings.connections_max == 0)
		database->settings.connections_max = 16;
	if (database->settings.wait_seconds == 0)
		database->settings.wait_seconds = 60;
	g_mutex_init(&database->lock);
	g_cond_init(&database->returned);
	g_queue_init(&database->idle);
	group_init(&database->group);
	return database;
}

static void
connection_close(struct connection *connection)
{
	PQfinish(connection->pg);
	g_hash_table_unref(connection->prepared);
	g_queue_clear(&connection->awaited);
	g_free(connection);
}

void
database_free(struct database *database)
{
	struct connection *connection;

	if (database == NULL)
		return;
	while ((connection = g_queue_pop_head(&database->idle)) != NULL)
		connection_close(connection);
	group_clear(&database->group);
	g_mutex_clear(&database->lock);
	g_cond_clear(&database->returned);
	database_settings_clear(&database->settings);
	g_free(database);
}

void
database_count(struct database *database, unsigned *open_r, unsigned *used_r)
{
	g_mutex_lock(&database->lock);
	*open_r = database->made;
	*used_r = database->made - g_queue_get_length(&database->idle);
	g_mutex_unlock(&database->lock);
}

static bool
url_names_user(const char *url)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	bool named = false;

	for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
		if (strcmp(o->keyword, "user") == 0)
			named = o->val != NULL && *o->val != '\0';
	PQconninfoFree(options);
	return named;
}

/* libpq ends its messages with a line feed, and may spread them over several lines. */
static char *
one_line(const char *message)
{
	char *line = g_strstrip(g_strdup(message));

	return g_strdelimit(line, "\n\t", ' ');
}

/* The server notices within two minutes that a client's machine is gone, and frees what the client
 * held. How values are written, and how transactions see each other, is what our programs are made
 * for, whatever the cluster, the database or the role has for others. */
static const char session_options[] =
	"-c statement_timeout=60s -c timezone=UTC -c tcp_keepalives_idle=60"
	" -c tcp_keepalives_interval=10 -c tcp_keepalives_count=6"
	" -c bytea_output=hex -c datestyle=ISO -c intervalstyle=postgres"
	" -c standard_conforming_strings=on -c default_transaction_isolation=read\\ committed"
	" -c lock_timeout=0";

/* In the form of `postgres -c`, with blanks and backslashes escaped. */
static char *
options_of(const struct database_settings *settings)
{
	GString *options = g_string_new(session_options);

	if (settings->read_only)
		g_string_append(options, " -c default_transaction_read_only=on");
	if (settings->actor != NULL) {
		g_string_append(options, " -c postseal.actor=");
		for (const char *c = settings->actor; *c != '\0'; c++) {
			if (*c == ' ' || *c == '\\')
				g_string_append_c(options, '\\');
			g_string_append_c(options, *c);
		}
	}
	return g_string_free(options, FALSE);
}

/* What is committed must outlive a crash of the server, whatever its default for other programs. */
static bool
insist_on_durability(PGconn *pg)
{
	g_autoptr(PGresult) result =
		PQexec(pg, "select set_config('synchronous_commit', 'on', false)"
			   " where current_setting('synchronous_commit') = 'off'");

	return PQresultStatus(result) == PGRES_TUPLES_OK;
}

PGconn *
database_connect(const struct database_settings *settings, struct fault *fault)
{
	g_autofree char *options = options_of(settings);
	g_autofree char *wait = g_strdup_printf(
		"%u", settings->connect_seconds == 0 ? CONNECT_SECONDS : settings->connect_seconds);
	const char *role = url_names_user(settings->url) ? NULL : settings->role;
	/* Later keywords override the URL; the user is given only if the URL names none. */
	const char *keywords[] = {"dbname",
				  "connect_timeout",
				  "tcp_user_timeout",
				  "client_encoding",
				  "options",
				  role == NULL ? NULL : "user",
				  NULL};
	const char *values[] = {settings->url, wait, "30000", "UTF8", options, role, NULL};
	g_autoptr(PGconn) pg = PQconnectdbParams(keywords, values, 1);
	g_autofree char *why = NULL;

	if (PQstatus(pg) == CONNECTION_OK && insist_on_durability(pg))
		return g_steal_pointer(&pg);
	why = one_line(PQerrorMessage(pg));
	fault_set(fault, FAULT_DATABASE, "connecting to the database: %s", why);
	return NULL;
}

static struct connection *
connection_new(struct database *database, struct fault *fault)
{
	PGconn *pg = database_connect(&database->settings, fault);
	struct connection *connection;

	if (pg == NULL)
		return NULL;
	connection = g_new0(struct connection, 1);
	connection->database = database;
	connection->pg = pg;
	connection->prepared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_queue_init(&connection->awaited);
	return connection;
}

/* On an idle connection, the server sends something only when it closes the connection. */
static bool
is_alive(struct connection *connection)
{
	struct pollfd watched = {.fd = PQsocket(connection->pg), .events = POLLIN};

	return watched.fd >= 0 && poll(&watched, 1, 0) == 0;
}

struct connection *
database_take(struct database *database, struct fault *fault)
{
	gint64 limit =
		g_get_monotonic_time() + database->settings.wait_seconds * G_TIME_SPAN_SECOND;
	struct connection *connection;
	bool may_make;

	g_mutex_lock(&database->lock);
	for (;;) {
		connection = g_queue_pop_head(&database->idle);
		if (connection != NULL && !is_alive(connection)) {
			connection_close(connection);
			database->made--;
			continue;
		}
		may_make = database->made < database->settings.connections_max;
		if (connection != NULL || may_make ||
		    !g_cond_wait_until(&database->returned, &database->lock, limit))
			break;
	}
	if (connection == NULL && may_make)
		database->made++;
	g_mutex_unlock(&database->lock);
	if (connection != NULL)
		return connection;
	if (!may_make) {
		fault_set(fault, FAULT_DATABASE,
			  "waiting for a database connection: all %u are in use",
			  database->settings.connections_max);
		return NULL;
	}
	connection = connection_new(database, fault);
	if (connection == NULL) {
		g_mutex_lock(&database->lock);
		database->made--;
		g_cond_signal(&database->returned);
		g_mutex_unlock(&database->lock);
	}
	return connection;
}

void
database_expect_batch(struct database *database)
{
	group_expect(&database->group);
}

void
database_release_batch(struct database *database)
{
	group_release(&database->group);
}

struct connection *
database_take_grouped(struct database *database)
{
	struct connection *connection = g_new0(struct connection, 1);

	connection->database = database;
	connection->member = member_new(database);
	return connection;
}

void
connection_give(struct connection *connection)
{
	struct database *database;
	bool usable;

	if (connection == NULL)
		return;
	if (connection->member != NULL) {
		member_free(connection->member);
		g_free(connection);
		return;
	}
	database = connection->database;
	usable = !connection->broken && !connection->in_batch &&
		 PQstatus(connection->pg) == CONNECTION_OK &&
		 PQtransactionStatus(connection->pg) == PQTRANS_IDLE;
	g_mutex_lock(&database->lock);
	if (usable)
		g_queue_push_head(&database->idle, connection);
	else
		database->made--;
	g_cond_signal(&database->returned);
	g_mutex_unlock(&database->lock);
	if (!usable)
		connection_close(connection);
}

/* --- statements --- */

bool
connection_fail(struct connection *connection, const PGresult *result, const char *doing,
		struct fault *fault)
{
	const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text =
		result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *ours = PQerrorMessage(connection->pg);
	g_autofree char *why = one_line(text != NULL	? text
					: *ours != '\0' ? ours
							: "it was not answered in time");

	g_strlcpy(connection->sqlstate, state == NULL ? "" : state, sizeof connection->sqlstate);
	/* It was not PostgreSQL that failed but our end, for example for lack of memory: nobody
	 * knows what was done, and a statement that PostgreSQL did prepare cannot be prepared
	 * again. */
	if (state == NULL)
		connection->broken = true;
	return fault_set(fault, FAULT_DATABASE, "running the database statement %s: %s", doing,
			 why);
}

bool
connection_succeeded(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

gint64
connection_limit(void)
{
	return g_get_monotonic_time() + ANSWER_SECONDS_MAX * G_TIME_SPAN_SECOND;
}

static bool
wait_for_bytes(struct connection *connection, gint64 limit)
{
	struct pollfd watched = {.fd = PQsocket(connection->pg), .events = POLLIN};
	gint64 left = (limit - g_get_monotonic_time()) / G_TIME_SPAN_MILLISECOND;
	int ready = left <= 0 ? 0 : poll(&watched, 1, (int)left);

	return (ready > 0 && PQconsumeInput(connection->pg) == 1) || (ready < 0 && errno == EINTR);
}

bool
connection_next(struct connection *connection, gint64 limit, const char *doing, PGresult **result_r,
		struct fault *fault)
{
	while (PQisBusy(connection->pg))
		if (!wait_for_bytes(connection, limit))
			return connection_fail(connection, NULL, doing, fault);
	*result_r = PQgetResult(connection->pg);
	return true;
}

/* `sent` tells whether the statement could be sent. Takes its only result, and what says that
 * nothing follows. */
static bool
take_result(struct connection *connection, int sent, const char *doing, PGresult **result_r,
	    struct fault *fault)
{
	gint64 limit = connection_limit();
	g_autoptr(PGresult) result = NULL, end = NULL;

	if (sent != 1)
		return connection_fail(connection, NULL, doing, fault);
	if (!connection_next(connection, limit, doing, &result, fault) ||
	    !connection_next(connection, limit, doing, &end, fault))
		return false;
	if (!connection_succeeded(result) || end != NULL)
		return connection_fail(connection, end != NULL ? end : result, doing, fault);
	*result_r = g_steal_pointer(&result);
	return true;
}

static bool
prepare(struct connection *connection, const struct statement *statement, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (g_hash_table_contains(connection->prepared, statement->name))
		return true;
	if (!take_result(connection,
			 PQsendPrepare(connection->pg, statement->name, statement->sql, 0, NULL),
			 statement->name, &result, fault))
		return false;
	g_hash_table_add(connection->prepared, g_strdup(statement->name));
	return true;
}

bool
connection_execute(struct connection *connection, const struct statement *statement,
		   const struct parameters *parameters, PGresult **result_r, struct fault *fault)
{
	static const struct parameters none;
	g_autoptr(PGresult) result = NULL;

	if (!prepare(connection, statement, fault))
		return false;
	if (parameters == NULL)
		parameters = &none;
	connection->row_by_row = false;
	if (!take_result(connection,
			 PQsendQueryPrepared(connection->pg, statement->name, parameters->count,
					     parameters->values, parameters->lengths,
					     parameters->formats, statement->binary),
			 statement->name, &result, fault))
		return false;
	if (result_r != NULL)
		*result_r = g_steal_pointer(&result);
	return true;
}

/* The statement has been sent; its rows arrive one by one. */
static bool
take_rows(struct connection *connection, const char *doing, take_row *take, void *context,
	  struct fault *fault)
{
	bool good = true;

	for (;;) {
		g_autoptr(PGresult) row = NULL;
		ExecStatusType status;

		if (!connection_next(connection, connection_limit(), doing, &row, fault))
			return false;
		if (row == NULL)
			return good;
		status = PQresultStatus(row);
		if (good && status == PGRES_SINGLE_TUPLE)
			good = take(context, row, fault);
		else if (good && status != PGRES_TUPLES_OK)
			good = connection_fail(connection, row, doing, fault);
	}
}

bool
connection_rows(struct connection *connection, const struct statement *statement,
		const struct parameters *parameters, take_row *take, void *context,
		struct fault *fault)
{
	if (!prepare(connection, statement, fault))
		return false;
	if (PQsendQueryPrepared(connection->pg, statement->name, parameters->count,
				parameters->values, parameters->lengths, parameters->formats,
				statement->binary) != 1 ||
	    PQsetSingleRowMode(connection->pg) != 1)
		return connection_fail(connection, NULL, statement->name, fault);
	connection->row_by_row = true;
	return take_rows(connection, statement->name, take, context, fault);
}

static const struct statement begin = {"transaction_begin", "begin"};
static const struct statement commit = {"transaction_commit", "commit"};

bool
transaction_begin(struct connection *connection, struct fault *fault)
{
	return connection_execute(connection, &begin, NULL, NULL, fault);
}

bool
transaction_commit(struct connection *connection, struct fault *fault)
{
	return connection_execute(connection, &commit, NULL, NULL, fault);
}

bool
batch_end_transaction(struct connection *connection, struct fault *fault)
{
	static const struct parameters none;

	return batch_add(connection, &commit, &none, fault);
}

bool
connection_script(struct connection *connection, const char *sql, struct fault *fault)
{
	g_autoptr(PGresult) result = PQexec(connection->pg, sql);

	if (connection_succeeded(result) || PQresultStatus(result) == PGRES_EMPTY_QUERY)
		return true;
	return connection_fail(connection, result, "script", fault);
}

const char *
connection_sqlstate(const struct connection *connection)
{
	return connection->sqlstate;
}

/* --- results --- */

/* The value of one of PostgreSQL's hexadecimal digits, which are in lower case. */
static unsigned
nibble(char digit)
{
	return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a' + 10);
}

unsigned char *
result_bytes(const PGresult *result, int row, int column, size_t *length_r)
{
	const char *hex = PQgetvalue(result, row, column);
	size_t length = (size_t)PQgetlength(result, row, column);
	unsigned char *bytes;

	*length_r = 0;
	if (PQgetisnull(result, row, column) || length < 2 || hex[0] != '\\' || hex[1] != 'x')
		return g_malloc0(1);
	bytes = g_malloc(length / 2);
	for (size_t i = 2; i + 1 < length; i += 2)
		bytes[(*length_r)++] = (unsigned char)(nibble(hex[i]) << 4 | nibble(hex[i + 1]));
	return bytes;
}

const char *
result_text(const PGresult *result, int row, int column)
{
	return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

int64_t
result_number(const PGresult *result, int row, int column)
{
	return g_ascii_strtoll(PQgetvalue(result, row, column), NULL, 10);
}

bool
result_flag(const PGresult *result, int row, int column)
{
	return PQgetvalue(result, row, column)[0] == 't';
}
