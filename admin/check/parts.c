#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "admin/check/check.h"
#include "admin/check/negotiation.h"
#include "core/listening.h"
#include "core/migrate.h"
#include "mail/documents.h"
#include "mail/html.h"
#include "mail/preview.h"
#include "policy/policy.h"
#include "portal/password.h"

enum { CLOCK_SECONDS = 20 };

/* Which programs on this machine decide by another version of the file. */
static const struct statement other_policy = {
	"check_policy_in_force",
	"select string_agg(program, ', ' order by program) from ("
	"  select distinct on (program) program, digest from postseal.policy_in_force where node = $1"
	"  order by program, id desc) latest where digest <> $2"};

/* Whoever has just changed the file checks it before it is loaded, so that this is nothing wrong.
 */
static char *
others_of(const struct check *check, const char *digest)
{
	const char *const texts[] = {check->settings->hostname, digest, NULL};
	g_autoptr(PGresult) result = NULL;
	struct fault ignored;

	return command_ask(check->admin, &other_policy, texts, &result, &ignored)
		       ? g_strdup(result_text(result, 0, 0))
		       : NULL;
}

bool
check_policy(const struct check *check, char **note_r, struct fault *fault)
{
	const char *digest = policy_digest(check->admin->policy);
	g_autofree char *others = others_of(check, digest);

	(void)fault;
	*note_r = g_strdup_printf(
		"%u rules, version %.12s%s%s%s", policy_rule_count(check->admin->policy), digest,
		others == NULL ? "" : ", which is not in force yet in ",
		others == NULL ? "" : others, others == NULL ? "" : " (systemctl reload)");
	return true;
}

static const struct statement careless = {
	"check_careless",
	"select name from pg_settings where name in ('fsync', 'full_page_writes') and setting = 'off' order by name"};

/* Does committed data survive a crash of the database server's machine? */
static bool
is_durable(struct connection *connection, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!connection_execute(connection, &careless, NULL, &result, fault))
		return false;
	return PQntuples(result) == 0 ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking the database: %s is off, so mail that the MTA was told is taken "
			 "care of may be gone after a crash; expected on, in postgresql.conf",
			 PQgetvalue(result, 0, 0));
}

static const struct statement sorting = {
	"check_sorting",
	"select datcollversion, coalesce(pg_database_collation_actual_version(oid), 'none'), current_database() "
	"from pg_database where datname = current_database()"
	" and datcollversion is distinct from pg_database_collation_actual_version(oid)"};

/* After an upgrade of the system, its libraries may sort text in another order than that in which
 * indexes were built. */
static bool
is_sorted(struct connection *connection, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!connection_execute(connection, &sorting, NULL, &result, fault))
		return false;
	return PQntuples(result) == 0 || PQgetisnull(result, 0, 0) ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "checking the database: its indexes were built when the system sorted text by version %s of its "
		       "rules, and that is now %s, so that what is there, a key for example, may not be found; run "
		       "reindexdb %s, and then psql -c 'alter database %s refresh collation version' %s",
		       PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 2),
		       PQgetvalue(result, 0, 2), PQgetvalue(result, 0, 2));
}

static const struct statement clock_there = {
	"check_clock", "select extract(epoch from clock_timestamp())::bigint"};

/* The database decides what has expired; certificates, one-time passwords and the log go by the
 * clocks of the programs. */
static bool
compare_clocks(const struct check *check, struct connection *connection, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;
	gint64 apart;

	if (!connection_execute(connection, &clock_there, NULL, &result, fault))
		return false;
	apart = result_number(result, 0, 0) - g_get_real_time() / G_USEC_PER_SEC;
	if (ABS(apart) > CLOCK_SECONDS)
		check_warn(
			check,
			"the clock of the database's machine is %" G_GINT64_FORMAT
			" seconds %s that of this one, so that codes, links and certificates end at other times "
			"than they say: have both set by NTP (timedatectl)",
			ABS(apart), apart > 0 ? "ahead of" : "behind");
	return true;
}

/* The words of libpq and the server, and what has usually happened then. */
static const char *
advice_for(const char *text)
{
	static const struct {
		const char *words, *advice;
	} cases[] = {
		{"No such file or directory",
		 "does PostgreSQL run, and at that port? pg_lsclusters shows it; another "
		 "port goes into the setting database (?port=5433)"},
		{"Connection refused", "does PostgreSQL run, and at that host and port?"},
		{"no password supplied",
		 "pg_hba.conf must let the user root and those of the programs in without a "
		 "password: peer, for local"},
		{"authentication failed",
		 "pg_hba.conf, or the map that it names in pg_ident.conf, must let the user "
		 "root and those of the programs in"},
		{"no pg_hba.conf entry",
		 "pg_hba.conf must let the user root and those of the programs in"},
		{"too many connections",
		 "more are wanted at a time than the role (alter role … connection limit), the database or the "
		 "cluster (max_connections) allows: raise that, or lower the setting database connections"},
		{"remaining connection slots are reserved",
		 "more are wanted at a time than max_connections of the cluster allows: raise that, or lower the "
		 "setting database connections"},
		{"unsupported startup parameter",
		 "that is PgBouncer, which cannot be between: a program's session has settings and prepared statements; have "
		 "the setting database lead to PostgreSQL itself, as each program keeps connections open"},
		{"does not exist",
		 "postseal setup makes what is missing; or is this another cluster?"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (strstr(text, cases[i].words) != NULL)
			return cases[i].advice;
	return NULL;
}

bool
check_advise(struct fault *fault)
{
	const char *advice = advice_for(fault->text);
	g_autofree char *text = g_strdup(fault->text);

	return advice == NULL ? false : fault_set(fault, FAULT_CONFIG, "%s (%s)", text, advice);
}

/* A pooler that was told to ignore what it does not know gives each transaction another session. */
static const struct statement session = {
	"check_session",
	"select current_setting('statement_timeout') = '1min' and current_setting('TimeZone') = 'UTC'"};

static bool
is_own_session(struct connection *connection, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!connection_execute(connection, &session, NULL, &result, fault))
		return false;
	return result_flag(result, 0, 0) ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "checking the database: the session has not the settings that it was opened with: something is "
		       "between, such as PgBouncer, which cannot be, as a program's session has settings and prepared "
		       "statements; have the setting database lead to PostgreSQL itself");
}

static const struct statement role_limits = {
	"check_role_limits",
	"select rolname, rolconnlimit, case rolname when 'postseal_milter' then $1::int else 16 end "
	"from pg_roles where rolconnlimit >= 0 and rolname in ('postseal_milter', 'postseal_courier', 'postseal_portal', "
	"'postseal_keeper') and rolconnlimit < case rolname when 'postseal_milter' then $1::int else 16 end "
	"order by rolname"};

static const struct statement cluster_limit = {
	"check_cluster_limit",
	"select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"};

/* While all that are allowed are in use, mail waits, though nothing is broken. */
static bool
compare_limits(const struct check *check, struct connection *connection, struct fault *fault)
{
	const guint64 wanted = check->settings->database_connections;
	struct parameters parameters = {0};
	g_autoptr(PGresult) roles = NULL, cluster = NULL;

	parameters_number(&parameters, (int64_t)wanted);
	if (!connection_execute(connection, &role_limits, &parameters, &roles, fault) ||
	    !connection_execute(connection, &cluster_limit, NULL, &cluster, fault))
		return false;
	for (int row = 0; row < PQntuples(roles); row++)
		check_warn(
			check,
			"the role %s may have %s connections at a time, and its program uses up to %s, so that mail waits "
			"under load: alter role %s connection limit -1, or lower the setting database connections",
			PQgetvalue(roles, row, 0), PQgetvalue(roles, row, 1),
			PQgetvalue(roles, row, 2), PQgetvalue(roles, row, 0));
	if (result_number(cluster, 0, 0) < (int64_t)wanted)
		check_warn(
			check,
			"the database takes %s connections at a time (max_connections), and the milter alone uses up to "
			"%" G_GUINT64_FORMAT
			" under load: raise that, or lower the setting database connections",
			PQgetvalue(cluster, 0, 0), wanted);
	return true;
}

bool
check_database(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(check->admin->database, fault);

	(void)note_r;
	if (connection == NULL)
		return check_advise(fault);
	return is_own_session(connection, fault) && is_sorted(connection, fault) &&
	       migrate_check(connection, fault) && is_durable(connection, fault) &&
	       compare_clocks(check, connection, fault) && compare_limits(check, connection, fault);
}

bool
check_tables(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	return policy_check_tables(check->admin->policy, check->admin->database, fault) &&
	       policy_check_directories(check->admin->policy, fault);
}

/* Without them, formatted mail cannot be shown, but its text can; attachments have no previews; and
 * mail with documents waits if
 * a rule asks what they say. */
bool
check_reader(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	return reader_check(check->settings, HTML_FORMAT, fault) &&
	       reader_check(check->settings, PREVIEW_OF_PICTURE, fault) &&
	       documents_check(check->settings, fault);
}

/* The courier does not listen anywhere: mail that is not picked up shows that it is not running. */
static bool
check_courier(const struct check *check, struct fault *fault)
{
	static const struct statement overdue = {
		"check_overdue",
		"select count(*) filter (where is_ours), count(*) filter (where not is_ours),"
		" string_agg(distinct postseal.courier_host(courier), ', ') filter (where not is_ours) "
		"from (select courier, postseal.outbox_is_for($1, $2, state, courier, claimed_at) as is_ours"
		"  from postseal.outbox where next_attempt_at < now() - interval '2 minutes') due"};
	g_autofree char *patience =
		g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)check->settings->courier_doubt);
	const char *const texts[] = {g_get_host_name(), patience, NULL};
	g_autoptr(PGresult) result = NULL;

	if (!command_ask(check->admin, &overdue, texts, &result, fault))
		return false;
	if (result_number(result, 0, 0) > 0)
		return fault_set(
			fault, FAULT_CONFIG,
			"checking postseal-courier: %s messages in the outbox have been due for "
			"more than two minutes; is it running?",
			PQgetvalue(result, 0, 0));
	return result_number(result, 0, 1) == 0 ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking postseal-courier: %s messages may be with the MTA of %s and "
			 "are waiting for a courier there; is it running? If it will not run "
			 "again, postseal outbox takeover has them sent again",
			 PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 2));
}

bool
check_programs(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	return negotiation_listens(check->settings->milter_listen, fault) &&
	       (!policy_has_method(check->admin->policy, "pickup") ||
		listening_check(check->settings->portal_listen, "postseal-portal", fault)) &&
	       check_courier(check, fault);
}

/* Browsers reach it through the web server; the traffic in between is to stay encrypted. */
bool
check_portal(const struct check *check, char **note_r, struct fault *fault)
{
	const char *url = check->settings->portal_url;

	if (!policy_has_method(check->admin->policy, "pickup")) {
		*note_r = g_strdup("not needed: no rule delivers by pickup");
		return true;
	}
	if (!g_str_has_prefix(url, "https://") && !g_str_has_prefix(url, "http://"))
		return fault_set(
			fault, FAULT_CONFIG,
			"checking portal url: %s is not a URL such as https://secure.example.com",
			url);
	if (g_str_has_suffix(url, "/"))
		return fault_set(fault, FAULT_CONFIG,
				 "checking portal url: %s must not end with a slash", url);
	if (access(PASSWORD_DICTIONARY ".pwd", R_OK) != 0)
		check_warn(check,
			   "%s.pwd cannot be read: %s; members can choose any word of a dictionary "
			   "as their password (cracklib-runtime, update-cracklib)",
			   PASSWORD_DICTIONARY, g_strerror(errno));
	if (g_str_has_prefix(url, "http://"))
		*note_r =
			g_strdup("without https, messages can be read on the way: for trials only");
	else if (!policy_has_condition(check->admin->policy, "conversation"))
		*note_r = g_strdup(
			"no rule has the condition conversation: an employee's reply to mail "
			"from the portal is sealed only if another rule says so");
	return true;
}
