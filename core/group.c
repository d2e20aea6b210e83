#include "core/group.h"

#include <string.h>

#include "core/batch.h"
#include "core/connection.h"

enum {
	MEMBER_BYTES_MAX = 128 * 1024, /* of parameters that are stored */
	GROUP_MAX = 32,		       /* members */
	ROWS_MAX = 16, /* of one statement, which is prepared for 1, 2, 4, 8 and 16 */
	MANY = 6,      /* expected batches from which on a commit waits for others */
	MOMENT_MICROSECONDS = 3000,
};

enum outcome { WAITING, COMMITTED, FAILED, ALONE };

/* One parameter; its bytes are in the member's store. */
struct value {
	gsize at;
	int length; /* -1: SQL null */
	int format;
};

struct step {
	const struct statement *statement;
	guint first; /* index of its first value */
	guint count;
};

struct member {
	struct database *database;
	struct connection *own; /* when it has grown large, or is tried alone */
	GArray *steps;
	GArray *values;
	GByteArray *store;
	enum outcome outcome;
	struct fault fault;
	char sqlstate[6];
};

void
group_init(struct group *group)
{
	g_mutex_init(&group->lock);
	g_cond_init(&group->settled);
	g_cond_init(&group->arrived);
	g_queue_init(&group->waiting);
}

void
group_clear(struct group *group)
{
	g_mutex_clear(&group->lock);
	g_cond_clear(&group->settled);
	g_cond_clear(&group->arrived);
}

void
group_expect(struct group *group)
{
	g_mutex_lock(&group->lock);
	group->expected++;
	g_mutex_unlock(&group->lock);
}

void
group_release(struct group *group)
{
	g_mutex_lock(&group->lock);
	group->expected--;
	g_mutex_unlock(&group->lock);
}

struct member *
member_new(struct database *database)
{
	struct member *member = g_new0(struct member, 1);

	member->database = database;
	member->steps = g_array_new(FALSE, FALSE, sizeof(struct step));
	member->values = g_array_new(FALSE, FALSE, sizeof(struct value));
	member->store = g_byte_array_new();
	return member;
}

void
member_free(struct member *member)
{
	connection_give(member->own);
	g_array_unref(member->steps);
	g_array_unref(member->values);
	g_byte_array_unref(member->store);
	g_free(member);
}

/* --- what a member keeps --- */

static void
keep(struct member *member, const struct statement *statement, const struct parameters *parameters)
{
	const struct step step = {statement, member->values->len, (guint)parameters->count};

	for (int i = 0; i < parameters->count; i++) {
		struct value value = {member->store->len, parameters->lengths[i],
				      parameters->formats[i]};

		if (parameters->values[i] == NULL) {
			value.length = -1;
		} else {
			g_byte_array_append(member->store, (const guint8 *)parameters->values[i],
					    (guint)parameters->lengths[i]);
			g_byte_array_append(member->store, (const guint8 *)"",
					    1); /* libpq reads texts up to the NUL */
		}
		g_array_append_val(member->values, value);
	}
	g_array_append_val(member->steps, step);
}

/* --- sending it --- */

/* The parameters of rows, in the form that libpq takes. */
struct rows {
	GPtrArray *values;
	GArray *lengths, *formats;
	unsigned count;
};

static void
rows_init(struct rows *rows)
{
	rows->values = g_ptr_array_new();
	rows->lengths = g_array_new(FALSE, FALSE, sizeof(int));
	rows->formats = g_array_new(FALSE, FALSE, sizeof(int));
	rows->count = 0;
}

static void
rows_clear(struct rows *rows)
{
	g_ptr_array_unref(rows->values);
	g_array_unref(rows->lengths);
	g_array_unref(rows->formats);
}

static void
rows_add(struct rows *rows, const struct member *member, const struct step *step)
{
	for (guint i = step->first; i < step->first + step->count; i++) {
		const struct value *value = &g_array_index(member->values, struct value, i);

		g_ptr_array_add(rows->values,
				value->length < 0 ? NULL : member->store->data + value->at);
		g_array_append_val(rows->lengths, value->length);
		g_array_append_val(rows->formats, value->format);
	}
	rows->count++;
}

/* In batches of 16, 8, 4, 2 and 1 rows, so that only a few statements are ever prepared. */
static bool
rows_send(const struct rows *rows, struct connection *connection, const struct statement *statement,
	  struct fault *fault)
{
	guint width = rows->values->len / rows->count;
	unsigned piece = ROWS_MAX;

	for (unsigned done = 0; done < rows->count; done += piece) {
		guint at = done * width;

		while (piece > rows->count - done)
			piece /= 2;
		if (!batch_add_rows(connection, statement, piece, (int)(piece * width),
				    (const char *const *)rows->values->pdata + at,
				    (const int *)(void *)rows->lengths->data + at,
				    (const int *)(void *)rows->formats->data + at, fault))
			return false;
	}
	return true;
}

/* The rows of all members for one statement that repeats. */
static bool
send_repeated(GPtrArray *members, struct connection *connection, const struct statement *statement,
	      struct fault *fault)
{
	struct rows rows;
	bool sent;

	rows_init(&rows);
	for (guint i = 0; i < members->len; i++) {
		const struct member *member = g_ptr_array_index(members, i);

		for (guint j = 0; j < member->steps->len; j++) {
			const struct step *step = &g_array_index(member->steps, struct step, j);

			if (step->statement == statement)
				rows_add(&rows, member, step);
		}
	}
	sent = rows_send(&rows, connection, statement, fault);
	rows_clear(&rows);
	return sent;
}

static bool
send_once(const struct member *member, const struct step *step, struct connection *connection,
	  struct fault *fault)
{
	struct rows rows;
	bool sent;

	rows_init(&rows);
	rows_add(&rows, member, step);
	sent = rows_send(&rows, connection, step->statement, fault);
	rows_clear(&rows);
	return sent;
}

/* A statement that repeats is sent where it first occurs; every other statement is sent in its own
 * place. */
static bool
send_members(GPtrArray *members, struct connection *connection, struct fault *fault)
{
	g_autoptr(GHashTable) sent = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < members->len; i++) {
		const struct member *member = g_ptr_array_index(members, i);

		for (guint j = 0; j < member->steps->len; j++) {
			const struct step *step = &g_array_index(member->steps, struct step, j);

			if (!step->statement->repeats) {
				if (!send_once(member, step, connection, fault))
					return false;
			} else if (g_hash_table_add(sent, (gpointer)step->statement) &&
				   !send_repeated(members, connection, step->statement, fault)) {
				return false;
			}
		}
	}
	return true;
}

/* --- committing --- */

static void
settle(GPtrArray *members, enum outcome outcome, const char *sqlstate, const struct fault *fault)
{
	for (guint i = 0; i < members->len; i++) {
		struct member *member = g_ptr_array_index(members, i);

		member->outcome = outcome;
		member->fault = *fault;
		g_strlcpy(member->sqlstate, sqlstate, sizeof member->sqlstate);
	}
}

/* If one member has to wait for a row locked by another transaction, the others do not wait with
 * it: it is tried alone. */
static const struct statement short_waits = {"group_short_waits",
					     "select set_config('lock_timeout', '1s', true)"};

/* One transaction for all members. If PostgreSQL itself refused it, nothing was committed and each
 * may be tried alone; if the connection broke, the outcome is unknown and all of them fail. */
static enum outcome
commit_members(GPtrArray *members, struct database *database, char *sqlstate_r, struct fault *fault)
{
	static const struct parameters none;
	g_autoptr(connection_auto) connection = database_take(database, fault);

	*sqlstate_r = '\0';
	if (connection == NULL)
		return FAILED;
	if (batch_begin(connection, fault) && batch_add(connection, &short_waits, &none, fault) &&
	    send_members(members, connection, fault) && batch_commit(connection, fault))
		return COMMITTED;
	g_strlcpy(sqlstate_r, connection_sqlstate(connection), sizeof connection->sqlstate);
	return *sqlstate_r != '\0' && members->len > 1 ? ALONE : FAILED;
}

/* Waits for half of the expected batches, since the other half may take long. */
static void
wait_for_others(struct group *group)
{
	gint64 end = g_get_monotonic_time() + MOMENT_MICROSECONDS;
	bool in_time = true;

	while (in_time && group->expected >= MANY &&
	       g_queue_get_length(&group->waiting) < MIN(group->expected / 2, (guint)GROUP_MAX))
		in_time = g_cond_wait_until(&group->arrived, &group->lock, end);
}

/* Commits for all that are waiting; the lock is held before and after. */
static void
lead(struct group *group, struct database *database)
{
	g_autoptr(GPtrArray) members = g_ptr_array_new();
	struct member *member;
	struct fault fault = {0};
	char sqlstate[6];
	enum outcome outcome;

	group->leading = true;
	wait_for_others(group);
	while (members->len < GROUP_MAX && (member = g_queue_pop_head(&group->waiting)) != NULL)
		g_ptr_array_add(members, member);
	g_mutex_unlock(&group->lock);
	outcome = commit_members(members, database, sqlstate, &fault);
	g_mutex_lock(&group->lock);
	group->leading = false;
	settle(members, outcome, sqlstate, &fault);
	g_cond_broadcast(&group->settled);
}

static void
commit_in_group(struct member *member)
{
	struct group *group = &member->database->group;

	g_mutex_lock(&group->lock);
	g_queue_push_tail(&group->waiting, member);
	g_cond_signal(&group->arrived);
	while (member->outcome == WAITING) {
		if (group->leading)
			g_cond_wait(&group->settled, &group->lock);
		else
			lead(group, member->database);
	}
	g_mutex_unlock(&group->lock);
}

/* --- on a connection of its own --- */

static bool
go_alone(struct member *member, struct fault *fault)
{
	g_autoptr(GPtrArray) self = g_ptr_array_new();

	g_ptr_array_add(self, member);
	member->own = database_take(member->database, fault);
	if (member->own == NULL || !batch_begin(member->own, fault) ||
	    !send_members(self, member->own, fault))
		return false;
	g_array_set_size(member->steps, 0);
	g_array_set_size(member->values, 0);
	g_byte_array_set_size(member->store, 0);
	return true;
}

static bool
commit_alone(struct member *member, char *sqlstate_r, struct fault *fault)
{
	if (batch_commit(member->own, fault))
		return true;
	g_strlcpy(sqlstate_r, connection_sqlstate(member->own), sizeof member->sqlstate);
	return false;
}

static gsize
size_of(const struct parameters *parameters)
{
	gsize size = 0;

	for (int i = 0; i < parameters->count; i++)
		size += (gsize)parameters->lengths[i] + sizeof(struct value);
	return size;
}

bool
member_add(struct member *member, const struct statement *statement,
	   const struct parameters *parameters, struct fault *fault)
{
	if (member->own == NULL) {
		if (member->store->len + size_of(parameters) <= MEMBER_BYTES_MAX) {
			keep(member, statement, parameters);
			return true;
		}
		if (!go_alone(member, fault))
			return false;
	}
	return batch_add(member->own, statement, parameters, fault);
}

bool
member_commit(struct member *member, char *sqlstate_r, struct fault *fault)
{
	if (member->own != NULL)
		return commit_alone(member, sqlstate_r, fault);
	commit_in_group(member);
	if (member->outcome == ALONE)
		return go_alone(member, fault) && commit_alone(member, sqlstate_r, fault);
	g_strlcpy(sqlstate_r, member->sqlstate, sizeof member->sqlstate);
	if (member->outcome == FAILED)
		*fault = member->fault;
	return member->outcome == COMMITTED;
}
