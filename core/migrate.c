#include "core/migrate.h"

#include <string.h>

static const char prepare_schema[] = "create schema if not exists postseal;"
				     "create table if not exists postseal.migration ("
				     " name text primary key, digest text not null,"
				     " applied_at timestamptz not null default now());";

static const struct statement lock_migrations = {
	"migrate_lock", "select pg_advisory_lock(hashtext('postseal.migration'))"};
static const struct statement unlock_migrations = {
	"migrate_unlock", "select pg_advisory_unlock(hashtext('postseal.migration'))"};
static const struct statement find_migration = {
	"migrate_find", "select digest from postseal.migration where name = $1"};
static const struct statement add_migration = {
	"migrate_add", "insert into postseal.migration (name, digest) values ($1, $2)"};

enum state { MISSING, APPLIED };

static bool
look_up(struct connection *connection, const struct migration *migration, enum state *state_r,
	struct fault *fault)
{
	g_autofree char *digest =
		g_compute_checksum_for_string(G_CHECKSUM_SHA256, migration->sql, -1);
	g_autoptr(PGresult) result = NULL;
	struct parameters parameters = {0};

	parameters_text(&parameters, migration->name);
	if (!connection_execute(connection, &find_migration, &parameters, &result, fault))
		return false;
	*state_r = PQntuples(result) == 0 ? MISSING : APPLIED;
	if (*state_r == APPLIED && strcmp(PQgetvalue(result, 0, 0), digest) != 0)
		return fault_set(fault, FAULT_CONFIG,
				 "the database was created with another version of %s than this "
				 "program has",
				 migration->name);
	return true;
}

static bool
apply(struct connection *connection, const struct migration *migration, struct fault *fault)
{
	g_autofree char *digest =
		g_compute_checksum_for_string(G_CHECKSUM_SHA256, migration->sql, -1);
	struct parameters parameters = {0};

	parameters_text(&parameters, migration->name);
	parameters_text(&parameters, digest);
	return transaction_begin(connection, fault) &&
	       connection_script(connection, migration->sql, fault) &&
	       connection_execute(connection, &add_migration, &parameters, NULL, fault) &&
	       transaction_commit(connection, fault);
}

static unsigned
count_migrations(void)
{
	unsigned count = 0;

	while (migrations[count].name != NULL)
		count++;
	return count;
}

static bool
apply_missing(struct connection *connection, migrate_tell *tell, void *context, struct fault *fault)
{
	unsigned total = count_migrations();

	for (const struct migration *m = migrations; m->name != NULL; m++) {
		enum state state;

		if (!look_up(connection, m, &state, fault))
			return false;
		if (state == APPLIED)
			continue;
		if (!apply(connection, m, fault))
			return fault_within(fault, "applying %s", m->name);
		tell(context, m->name, (unsigned)(m - migrations) + 1, total);
	}
	return true;
}

bool
migrate(struct connection *connection, migrate_tell *tell, void *context, struct fault *fault)
{
	return connection_script(connection, "set client_min_messages = warning", fault) &&
	       connection_script(connection, prepare_schema, fault) &&
	       connection_execute(connection, &lock_migrations, NULL, NULL, fault) &&
	       apply_missing(connection, tell, context, fault) &&
	       connection_execute(connection, &unlock_migrations, NULL, NULL, fault);
}

bool
migrate_check(struct connection *connection, struct fault *fault)
{
	for (const struct migration *m = migrations; m->name != NULL; m++) {
		enum state state;

		if (!look_up(connection, m, &state, fault))
			return fault_within(fault,
					    "checking the schema of the database (has it been "
					    "created? postseal database init)");
		if (state == MISSING)
			return fault_set(
				fault, FAULT_CONFIG,
				"the database lacks %s; apply it with: postseal database init",
				m->name);
	}
	return true;
}
