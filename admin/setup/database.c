/*
 * The database: the superuser creates its owner and the database itself, in a cluster on this
 * machine as the user postgres, elsewhere by having someone run the SQL that is shown; the owner,
 * who is whoever runs postseal, creates tables and roles.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/as_user.h"
#include "admin/setup/answers.h"
#include "admin/setup/setup.h"
#include "core/database.h"
#include "core/migrate.h"

/* The same SQL is run here and shown to others, with $1 or a psql variable. */
#define IS_ROLE(name)	  "from pg_roles where rolname = " name
#define MAKE_ROLE(name)	  "format('create role %I login createrole', " name "::text)"
#define IS_DATABASE(name) "from pg_database where datname = " name
#define MAKE_DATABASE(name, owner)                                                                 \
	"format('create database %I owner %I encoding ''UTF8'' template template0', " name         \
	"::text, " owner "::text)"

static const struct statement find_role = {"setup_role_find", "select " IS_ROLE("$1")};
static const struct statement make_role = {"setup_role_make", "select " MAKE_ROLE("$1")};
static const struct statement find_database = {"setup_database_find", "select " IS_DATABASE("$1")};
static const struct statement make_database = {"setup_database_make",
					       "select " MAKE_DATABASE("$1", "$2")};

static const char shown[] = "select " MAKE_ROLE(":'owner'") "\n  where not exists (select " IS_ROLE(
	":'owner'") ") \\gexec\n"
		    "select " MAKE_DATABASE(
			    ":'database'",
			    ":'owner'") "\n  where not exists (select " IS_DATABASE(":'database'") ") \\gexec\n";

struct target {
	char *host, *port, *database, *owner;
	bool is_local;
};

static void
target_clear(struct target *target)
{
	g_free(target->host);
	g_free(target->port);
	g_free(target->database);
	g_free(target->owner);
}
typedef struct target target_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(target_auto, target_clear)

static char *
option_of(PQconninfoOption *options, const char *keyword)
{
	for (; options != NULL && options->keyword != NULL; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return g_strdup(options->val == NULL ? "" : options->val);
	return g_strdup("");
}

/* If the address names no user, the owner is the user running this command. */
static void
read_target(struct target *target, const char *url)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	const struct passwd *self = getpwuid(geteuid());

	target->host = option_of(options, "host");
	target->port = option_of(options, "port");
	target->database = option_of(options, "dbname");
	target->owner = option_of(options, "user");
	PQconninfoFree(options);
	target->is_local = *target->host == '\0' || *target->host == '/';
	if (*target->owner != '\0')
		return;
	g_free(target->owner);
	target->owner = g_strdup(self == NULL ? "root" : self->pw_name);
}

/* --- as the superuser, here --- */

/* A keyword and its value, quoted as libpq reads them. */
static void
append_option(GString *url, const char *keyword, const char *value)
{
	if (*value == '\0')
		return;
	g_string_append_printf(url, " %s='", keyword);
	for (; *value != '\0'; value++) {
		if (*value == '\'' || *value == '\\')
			g_string_append_c(url, '\\');
		g_string_append_c(url, *value);
	}
	g_string_append_c(url, '\'');
}

static struct connection *
connect_as_superuser(struct database **database_r, const struct target *target, struct fault *fault)
{
	g_autoptr(GString) url = g_string_new("user=postgres dbname=postgres");
	struct database_settings settings = {0};

	append_option(url, "host", target->host);
	append_option(url, "port", target->port);
	settings.url = url->str;
	*database_r = database_new(&settings);
	return database_take(*database_r, fault);
}

static bool
is_there(struct connection *connection, const struct statement *statement, const char *name,
	 bool *there_r, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;
	struct parameters parameters = {0};

	parameters_text(&parameters, name);
	if (!connection_execute(connection, statement, &parameters, &result, fault))
		return false;
	*there_r = PQntuples(result) > 0;
	return true;
}

/* PostgreSQL builds the statement, so that the names are quoted correctly. */
static bool
run_written(struct connection *connection, const struct statement *statement, const char *name,
	    const char *owner, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;
	struct parameters parameters = {0};

	parameters_text(&parameters, name);
	if (owner != NULL)
		parameters_text(&parameters, owner);
	return connection_execute(connection, statement, &parameters, &result, fault) &&
	       connection_script(connection, PQgetvalue(result, 0, 0), fault);
}

static bool
make_missing(struct setup *setup, struct connection *connection, const struct target *target,
	     struct fault *fault)
{
	bool has_role, has_database;

	if (!is_there(connection, &find_role, target->owner, &has_role, fault) ||
	    !is_there(connection, &find_database, target->database, &has_database, fault))
		return false;
	if (!has_role &&
	    setup_says(setup, "create the database role %s, which may create roles",
		       target->owner) &&
	    !run_written(connection, &make_role, target->owner, NULL, fault))
		return fault_within(fault, "creating the database role %s", target->owner);
	if (!has_database &&
	    setup_says(setup, "create the database %s, owned by %s", target->database,
		       target->owner) &&
	    !run_written(connection, &make_database, target->database, target->owner, fault))
		return fault_within(fault, "creating the database %s", target->database);
	return true;
}

struct superuser {
	struct setup *setup;
	const struct target *target;
	struct {
		unsigned changes, unsettled;
	} counts;
};

static bool
work_as_superuser(void *context, struct fault *fault)
{
	struct superuser *work = context;
	struct database *database;
	struct connection *connection = connect_as_superuser(&database, work->target, fault);
	bool good =
		connection != NULL && make_missing(work->setup, connection, work->target, fault);

	connection_give(connection);
	database_free(database);
	work->counts.changes = work->setup->changes;
	work->counts.unsettled = work->setup->unsettled;
	return good;
}

static bool
make_here(struct setup *setup, const struct target *target, struct fault *fault)
{
	const struct as_user postgres = {.user = "postgres"};
	struct superuser work = {.setup = setup, .target = target};

	if (getpwnam("postgres") == NULL)
		return fault_set(
			fault, FAULT_CONFIG,
			"looking for PostgreSQL: there is no user postgres; install it (apt "
			"install postgresql), or name a database elsewhere with --database");
	if (!as_user(&postgres, work_as_superuser, &work, &work.counts, sizeof work.counts, fault))
		return fault_within(
			fault,
			"working in the local PostgreSQL as the user postgres (is it running, and does "
			"pg_hba.conf allow peer authentication?)");
	setup->changes = work.counts.changes;
	setup->unsettled = work.counts.unsettled;
	return true;
}

/* --- as the superuser, elsewhere --- */

/* For psql's \set: quotes and backslashes are doubled. */
static char *
quoted_for_psql(const char *text)
{
	g_autoptr(GString) quoted = g_string_new("'");

	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			g_string_append_c(quoted, *text);
		g_string_append_c(quoted, *text);
	}
	g_string_append_c(quoted, '\'');
	return g_strdup(quoted->str);
}

static void
show_sql(const struct target *target)
{
	g_autofree char *owner = quoted_for_psql(target->owner);
	g_autofree char *database = quoted_for_psql(target->database);

	printf("\n-- for psql, as a superuser of the database server\n\\set owner %s\n\\set database %s\n%s\n",
	       owner, database, shown);
}

/* --- as its owner --- */

static bool
is_complete(struct database *database, bool *complete_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);
	struct fault missing;

	if (connection == NULL)
		return false;
	*complete_r = migrate_check(connection, &missing);
	return true;
}

static void
tell_nobody(void *context, const char *name, unsigned done, unsigned total)
{
	(void)context;
	(void)name;
	(void)done;
	(void)total;
}

static bool
make_tables(struct setup *setup, struct database *database, struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;
	bool complete;

	if (!is_complete(database, &complete, fault))
		return false;
	if (complete || !setup_says(setup, "create the tables, and a role for each program"))
		return true;
	connection = database_take(database, fault);
	return (connection != NULL && migrate(connection, tell_nobody, NULL, fault)) ||
	       fault_within(fault,
			    "creating the tables (the user who runs this must own the database and "
			    "may create roles: alter role ... createrole)");
}

/* What to say if a database elsewhere does not let us in. */
static bool
make_elsewhere(struct setup *setup, struct database *database, const struct target *target,
	       struct fault *fault)
{
	bool complete;

	while (!is_complete(database, &complete, fault)) {
		setup_notes(setup, "the database is not usable yet: %s", fault->text);
		show_sql(target);
		if (setup->dry_run)
			return true;
		if (!setup->terminal || !answers_wait("When done"))
			return fault_within(
				fault,
				"connecting to the database: run the SQL above, let %s and the roles "
				"of the programs connect from here (pg_hba.conf), then run this again",
				target->owner);
	}
	return true;
}

/* Earlier steps were taken before there was a place to record them in. Not the arguments: the URL
 * of a database may have a password. */
static bool
put_on_record(struct database *database, struct fault *fault)
{
	const struct admin admin = {.command = &setup_commands[0], .database = database};

	return command_record(&admin, 0, NULL, fault);
}

bool
setup_database(struct setup *setup, struct fault *fault)
{
	struct database_settings settings = {.url = setup->settings->database,
					     .actor = setup->actor};
	g_auto(target_auto) target = {0};
	struct database *database;
	unsigned before = setup->changes;
	bool good;

	read_target(&target, settings.url);
	database = database_new(&settings);
	good = target.is_local ? make_here(setup, &target, fault)
			       : make_elsewhere(setup, database, &target, fault);
	/* In a dry run, what does not exist yet cannot be examined. */
	if (good && !(setup->dry_run && (setup->changes > before || !target.is_local)))
		good = make_tables(setup, database, fault);
	if (good && !setup->dry_run)
		good = put_on_record(database, fault);
	database_free(database);
	return good;
}
