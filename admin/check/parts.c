#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/check/access.h"
#include "admin/check/check.h"
#include "admin/check/listening.h"
#include "core/migrate.h"
#include "core/seal/key_file.h"
#include "delivery/courier/mta_log.h"
#include "keystore/keeper.h"
#include "mail/html.h"
#include "policy/policy.h"

bool
check_policy(const struct check *check, char **note_r, struct fault *fault)
{
	(void)fault;
	*note_r =
		g_strdup_printf("%u rules, version %.12s", policy_rule_count(check->admin->policy),
				policy_digest(check->admin->policy));
	return true;
}

bool
check_database(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(check->admin->database, fault);

	(void)note_r;
	return connection != NULL && migrate_check(connection, fault);
}

bool
check_tables(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	return policy_check_tables(check->admin->policy, check->admin->database, fault);
}

bool
check_gpg(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	return access(check->settings->gpg_program, X_OK) == 0 ||
	       fault_set(fault, FAULT_CONFIG, "looking for gpg at %s: %s",
			 check->settings->gpg_program, strerror(errno));
}

/* Without it formatted mail cannot be shown; its text is. */
bool
check_reader(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	return reader_check(check->settings, HTML_FORMAT, fault);
}

bool
check_keeper(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	return keeper_ping(check->settings->keeper_socket, fault);
}

/* The file is root's, who starts the program, or the program's own. */
static bool
check_owner(const struct check *check, const char *name, const char *user, struct fault *fault)
{
	g_autofree char *path = g_build_filename(check->settings->secrets, name, NULL);
	const struct passwd *entry = getpwnam(user);
	const struct passwd *owner;
	struct stat status;

	if (stat(path, &status) != 0 || status.st_uid == 0 ||
	    (entry != NULL && entry->pw_uid == status.st_uid))
		return true; /* secret_read() tells what is missing */
	owner = getpwuid(status.st_uid);
	return fault_set(fault, FAULT_CONFIG,
			 "checking the key file %s: it belongs to %s; fix this with: chown %s %s",
			 path, owner == NULL ? "an unknown user" : owner->pw_name, user, path);
}

/* Of one installation: what is sealed with the one is opened with the other. */
static bool
check_pair(const struct check *check, struct fault *fault)
{
	struct seal_key private_key, public_key;
	unsigned char expected[SEAL_KEY_BYTES];
	bool good =
		secret_read(&private_key, check->settings->secrets, SECRET_COURIER, fault) &&
		secret_read(&public_key, check->settings->secrets, SECRET_COURIER_PUBLIC, fault);

	if (!good)
		return false;
	crypto_scalarmult_base(expected, private_key.bytes);
	good = sodium_memcmp(expected, public_key.bytes, sizeof expected) == 0;
	sodium_memzero(&private_key, sizeof private_key);
	return good ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking the key files in %s: %s does not match %s: the courier could "
			 "not open anything that is sealed to it",
			 check->settings->secrets, SECRET_COURIER_PUBLIC, SECRET_COURIER);
}

bool
check_secrets(const struct check *check, char **note_r, struct fault *fault)
{
	static const char *const names[] = {SECRET_MASTER, SECRET_COURIER, SECRET_COURIER_PUBLIC,
					    SECRET_LOGIN};
	const struct settings *settings = check->settings;
	struct seal_key key;
	bool good = true;

	(void)note_r;
	for (size_t i = 0; good && i < G_N_ELEMENTS(names); i++)
		good = secret_read(&key, settings->secrets, names[i], fault);
	sodium_memzero(&key, sizeof key);
	return good && check_pair(check, fault) &&
	       check_owner(check, SECRET_MASTER, settings->keeper_user, fault) &&
	       check_owner(check, SECRET_COURIER, settings->courier_user, fault) &&
	       check_owner(check, SECRET_LOGIN, settings->milter_user, fault);
}

/* Bodies of large messages go there, and what strangers upload to a place of its own: neither can
 * fill the other's. */
bool
check_spool(const struct check *check, char **note_r, struct fault *fault)
{
	const struct settings *settings = check->settings;

	(void)note_r;
	if (!access_of_user(settings->milter_user, settings->spool_directory, W_OK | X_OK, fault))
		return fault_within(fault, "checking the spool directory");
	if (!access_of_user(settings->portal_user, settings->portal_spool, W_OK | X_OK, fault))
		return fault_within(fault, "checking portal spool");
	return strcmp(settings->portal_spool, settings->spool_directory) != 0 ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking portal spool: %s is the milter's as well, so uploads could "
			 "fill it",
			 settings->portal_spool);
}

/* The courier listens nowhere: it is mail that nobody takes in hand that tells. */
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
	return listening_check(check->settings->milter_listen, "postseal-milter", fault) &&
	       (!policy_has_method(check->admin->policy, "pickup") ||
		listening_check(check->settings->portal_listen, "postseal-portal", fault)) &&
	       check_courier(check, fault);
}

/* Browsers reach it through the web server; conversations are to stay sealed. */
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
	if (g_str_has_prefix(url, "http://"))
		*note_r =
			g_strdup("without https, messages can be read on the way: for trials only");
	else if (!policy_has_condition(check->admin->policy, "conversation"))
		*note_r = g_strdup(
			"no rule has the condition conversation: an employee's reply to mail "
			"from the portal is sealed only if another rule says so");
	return true;
}

/* Asked for what the courier may ask: whether the MTA took a mail whose answer nobody heard. */
bool
check_mta_log(const struct check *check, char **note_r, struct fault *fault)
{
	const struct mta_log log = mta_log_of(check->settings);
	const char *directory;

	if (mta_log_is_for_all(&log))
		return fault_set(
			fault, FAULT_CONFIG,
			"looking at the log of the MTA, %s: anybody may write to it, and so say what became of mail",
			log.where);
	if (!mta_log_check(&log, fault))
		*note_r = g_strdup_printf(
			"not available, so mail may arrive twice if a courier dies: %s; where "
			"Postfix logs to systemd, set mta log \"journal\"",
			fault->text);
	else if (!mta_log_is_journal(log.where, &directory))
		*note_r = g_strdup("a file: where local users are not trusted, set mta log "
				   "\"journal\", in which they cannot speak for Postfix");
	return true;
}
