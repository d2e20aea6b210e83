/* What each program reads and connects to, tried as its user. */
#include <string.h>
#include <unistd.h>

#include "admin/check/check.h"
#include "admin/check/tried.h"
#include "admin/check/writers.h"
#include "core/migrate.h"
#include "delivery/method.h"
#include "keystore/domain_tls.h"
#include "keystore/finder.h"
#include "keystore/keeper.h"
#include "policy/policy.h"

struct program {
	const char *name, *user;
	const char *role; /* NULL: it has no database */
	bool has_rules;	  /* it reads all of postseal.conf, and the tables of the rules */
};

struct programs {
	struct program all[5];
};

static struct programs
programs_of(const struct settings *settings)
{
	return (struct programs){{
		{"postseal-keeper", settings->keeper_user, "postseal_keeper", false},
		{"postseal-finder", settings->finder_user, NULL, false},
		{"postseal-milter", settings->milter_user, "postseal_milter", true},
		{"postseal-courier", settings->courier_user, "postseal_courier", false},
		{"postseal-portal", settings->portal_user, "postseal_portal", true},
	}};
}

struct visit {
	const struct check *check;
	const struct program *program;
};

static bool
visit_all(const struct check *check, as_user_work *work, const char *doing, struct fault *fault)
{
	struct programs programs = programs_of(check->settings);

	for (size_t i = 0; i < G_N_ELEMENTS(programs.all); i++) {
		struct visit visit = {check, &programs.all[i]};

		if (!tried_work(visit.program->user, work, &visit, NULL, 0, fault))
			return fault_within(fault, "%s as %s does (user %s)", doing,
					    visit.program->name, visit.program->user);
	}
	return true;
}

/* --- postseal.conf and its tables --- */

static bool
read_settings(void *context, struct fault *fault)
{
	const struct visit *visit = context;
	g_auto(policy_complaints_auto) complaints = {0};
	g_autoptr(policy_auto) policy = NULL;
	g_autoptr(settings_auto) settings = NULL;

	policy_complaints_init(&complaints);
	if (visit->program->has_rules)
		policy =
			policy_load(visit->check->admin->config, methods_for_policy(), &complaints);
	else
		settings = settings_load(visit->check->admin->config, complaints.errors);
	return policy != NULL || settings != NULL ||
	       fault_set(fault, FAULT_CONFIG, "%s",
			 (const char *)g_ptr_array_index(complaints.errors, 0));
}

/* As on SIGHUP: a program that is started by root reads the file as root first. */
bool
check_settings(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	return visit_all(check, read_settings, "reading the configuration", fault) &&
	       writers_check(check, fault);
}

/* --- the database --- */

static const struct statement state_of_server = {
	"check_state_of_server",
	"select pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'"};

/* It leaves no row behind. */
static const struct statement commit = {
	"check_commit", "select pg_logical_emit_message(true, 'postseal', 'check')"};

/* A server that answers may yet take nothing: a standby, one that is locked against changes, whose
 * disk is full or whose standby is away. */
static bool
can_write(struct connection *connection, struct fault *fault)
{
	g_autoptr(PGresult) state = NULL, done = NULL;

	if (!connection_execute(connection, &state_of_server, NULL, &state, fault))
		return false;
	if (result_flag(state, 0, 0))
		return fault_set(
			fault, FAULT_CONFIG,
			"the server is a standby, which can be read only: have the setting database name the primary, or "
			"both, with target_session_attrs=read-write");
	if (result_flag(state, 0, 1))
		return fault_set(
			fault, FAULT_CONFIG,
			"nothing can be written there, as default_transaction_read_only is on for the role, the database or "
			"the cluster: mail waits until it is off");
	return connection_execute(connection, &commit, NULL, &done, fault);
}

static bool
is_good_connection(struct database *database,
		   bool (*is_good)(struct connection *connection, struct fault *fault),
		   struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);

	return connection == NULL ? check_advise(fault) : is_good(connection, fault);
}

/* As the program's role, if it has one. */
static bool
try_database(const struct visit *visit,
	     bool (*is_good)(struct connection *connection, struct fault *fault), bool has_tables,
	     struct fault *fault)
{
	const struct database_settings settings = {.url = visit->check->settings->database,
						   .role = visit->program->role};
	struct database *database;
	bool good;

	if (settings.role == NULL)
		return true;
	database = database_new(&settings);
	good = is_good_connection(database, is_good, fault) &&
	       (!has_tables || policy_check_tables(visit->check->admin->policy, database, fault));
	database_free(database);
	return good;
}

static bool
ask_database(void *context, struct fault *fault)
{
	const struct visit *visit = context;

	return try_database(visit, migrate_check, visit->program->has_rules, fault);
}

static bool
write_to_database(void *context, struct fault *fault)
{
	return try_database(context, can_write, false, fault);
}

/* Peer authentication, client certificates and grants on other roles' tables all depend on who
 * connects. */
bool
check_roles(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	return visit_all(check, ask_database, "asking the database", fault) &&
	       visit_all(check, write_to_database,
			 "writing to the database (synchronous_standby_names, the disk?)", fault);
}

/* --- the keeper --- */

static bool
ping(void *context, struct fault *fault)
{
	const struct check *check = context;

	return keeper_ping(check->settings->keeper_socket, fault);
}

bool
check_keeper(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	return keeper_ping(check->settings->keeper_socket, fault) &&
	       (tried_work(check->settings->milter_user, ping, (void *)check, NULL, 0, fault) ||
		fault_within(fault, "asking the keeper as the milter does (user %s)",
			     check->settings->milter_user));
}

/* --- the finder --- */

static bool
ping_finder(void *context, struct fault *fault)
{
	const struct check *check = context;

	return finder_ping(check->settings->finder_socket, fault);
}

static bool
asks_the_network(const struct settings *settings)
{
	for (char **source = settings->keys_from; *source != NULL; source++)
		if (strcmp(*source, "database") != 0 && strcmp(*source, "mail") != 0)
			return true;
	return domain_tls_is_asked(settings);
}

/* Whoever asks it is a member of its group. */
static bool
ping_as_askers(const struct check *check, struct fault *fault)
{
	const struct settings *settings = check->settings;
	const char *const users[] = {settings->milter_user, settings->courier_user};

	for (size_t i = 0; i < G_N_ELEMENTS(users); i++)
		if (!tried_work(users[i], ping_finder, (void *)check, NULL, 0, fault))
			return fault_within(
				fault, "asking the finder as the user %s (usermod -a -G %s %s)",
				users[i], settings->finder_user, users[i]);
	return true;
}

bool
check_finder(const struct check *check, char **note_r, struct fault *fault)
{
	if (ping_finder((void *)check, fault))
		return ping_as_askers(check, fault);
	if (asks_the_network(check->settings))
		return fault_within(fault, "finding keys on the network (keys from)");
	if (policy_asks_directories(check->admin->policy))
		return fault_within(fault, "asking tables in directories");
	*note_r = g_strdup("not running, nor needed: no keys come from the network");
	return true;
}

/* --- spools --- */

/* Bodies of large messages go there, and strangers' uploads to a directory of their own: neither
 * can fill up the other's. */
bool
check_spool(const struct check *check, char **note_r, struct fault *fault)
{
	const struct settings *settings = check->settings;

	(void)note_r;
	if (!tried_fill(settings->milter_user, settings->spool_directory, fault))
		return fault_within(fault, "checking the spool directory");
	if (!tried_fill(settings->portal_user, settings->portal_spool, fault))
		return fault_within(fault, "checking portal spool");
	return strcmp(settings->portal_spool, settings->spool_directory) != 0 ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking portal spool: %s is the milter's as well, so uploads could "
			 "fill it",
			 settings->portal_spool);
}

/* --- gpg --- */

static bool
is_executable(void *context, struct fault *fault)
{
	const struct check *check = context;

	return access(check->settings->gpg_program, X_OK) == 0 ||
	       fault_set(fault, FAULT_CONFIG, "looking for gpg at %s: %s",
			 check->settings->gpg_program, g_strerror(errno));
}

/* The milter creates whatever is missing in its home. */
bool
check_gpg(const struct check *check, char **note_r, struct fault *fault)
{
	const struct settings *settings = check->settings;
	g_autofree char *parent = g_path_get_dirname(settings->gpg_home);
	const char *home = access(settings->gpg_home, F_OK) == 0 ? settings->gpg_home : parent;

	(void)note_r;
	return tried_work(settings->milter_user, is_executable, (void *)check, NULL, 0, fault) &&
	       (tried_fill(settings->milter_user, home, fault) ||
		fault_within(fault, "checking gpg home"));
}
