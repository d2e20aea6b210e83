#include "admin/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/migrate.h"
#include "core/seal/key_file.h"
#include "delivery/courier/mta_log.h"
#include "delivery/courier/smtp.h"
#include "keystore/keeper.h"
#include "mail/html.h"
#include "policy/policy.h"

enum { SMTP_SECONDS = 10 };

/* One thing that is looked at: fills the fault, or a note to print. */
struct look {
	const char *name;
	bool (*at)(const struct admin *admin, char **note_r, struct fault *fault);
};

static bool
at_policy(const struct admin *admin, char **note_r, struct fault *fault)
{
	(void)fault;
	*note_r = g_strdup_printf("%u rules, version %.12s", policy_rule_count(admin->policy),
				  policy_digest(admin->policy));
	return true;
}

static bool
at_secrets(const struct admin *admin, char **note_r, struct fault *fault)
{
	static const char *const names[] = {SECRET_MASTER, SECRET_COURIER, SECRET_COURIER_PUBLIC, SECRET_LOGIN};
	struct seal_key key;
	bool good = true;

	(void)note_r;
	for (size_t i = 0; good && i < G_N_ELEMENTS(names); i++)
		good = secret_read(&key, admin->settings->secrets, names[i], fault);
	sodium_memzero(&key, sizeof key);
	return good;
}

static bool
at_database(const struct admin *admin, char **note_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(admin->database, fault);

	(void)note_r;
	return connection != NULL && migrate_check(connection, fault);
}

static bool
at_tables(const struct admin *admin, char **note_r, struct fault *fault)
{
	(void)note_r;
	return policy_check_tables(admin->policy, admin->database, fault);
}

static bool
at_gpg(const struct admin *admin, char **note_r, struct fault *fault)
{
	(void)note_r;
	return access(admin->settings->gpg_program, X_OK) == 0 ||
	       fault_set(fault, FAULT_CONFIG, "looking for gpg at %s: %s", admin->settings->gpg_program,
			 strerror(errno));
}

static bool
at_keeper(const struct admin *admin, char **note_r, struct fault *fault)
{
	(void)note_r;
	return keeper_ping(admin->settings->keeper_socket, fault);
}

static bool
at_spool(const struct admin *admin, char **note_r, struct fault *fault)
{
	(void)note_r;
	return g_file_test(admin->settings->spool_directory, G_FILE_TEST_IS_DIR) ||
	       fault_set(fault, FAULT_CONFIG, "looking for the spool directory %s: it is not there",
			 admin->settings->spool_directory);
}

/* Without it formatted mail cannot be shown; its text is. */
static bool
at_reader(const struct admin *admin, char **note_r, struct fault *fault)
{
	(void)note_r;
	return reader_check(admin->settings, HTML_FORMAT, fault);
}

/* A re-injection port has no milters, so it must not be where the milter's own mail comes in. */
static bool
at_port(const struct admin *admin, const char *url, char **note_r, struct fault *fault)
{
	const struct smtp_peer peer = {url, admin->settings->reinject_user, admin->settings->hostname,
				       SMTP_SECONDS};
	g_autoptr(smtp_auto) smtp = smtp_open(&peer, fault);

	if (smtp == NULL)
		return false;
	*note_r = g_strdup_printf("%s answers%s%s", url,
				  smtp_offers(smtp, "DSN") ? "" : "; it offers no DSN: wishes for receipts are lost",
				  smtp_offers(smtp, "SMTPUTF8") ? "" : "; it offers no SMTPUTF8");
	return true;
}

static bool
at_reinject(const struct admin *admin, char **note_r, struct fault *fault)
{
	return at_port(admin, admin->settings->reinject, note_r, fault);
}

static bool
at_reinject_verified(const struct admin *admin, char **note_r, struct fault *fault)
{
	if (*admin->settings->tls_domains == '\0') {
		*note_r = g_strdup("not needed: no tls domains are set");
		return true;
	}
	return at_port(admin, admin->settings->reinject_verified, note_r, fault);
}

static bool
at_reinject_mapped(const struct admin *admin, char **note_r, struct fault *fault)
{
	return at_port(admin, admin->settings->reinject_mapped, note_r, fault);
}

/* Browsers reach it through the web server; conversations are to stay sealed. */
static bool
at_portal(const struct admin *admin, char **note_r, struct fault *fault)
{
	const char *url = admin->settings->portal_url;

	if (!policy_has_method(admin->policy, "pickup")) {
		*note_r = g_strdup("not needed: no rule delivers by pickup");
		return true;
	}
	if (!g_str_has_prefix(url, "https://") && !g_str_has_prefix(url, "http://"))
		return fault_set(fault, FAULT_CONFIG,
				 "looking at portal url: %s is no address such as https://secure.example.com", url);
	if (g_str_has_suffix(url, "/"))
		return fault_set(fault, FAULT_CONFIG, "looking at portal url: %s must not end with a slash", url);
	if (g_str_has_prefix(url, "http://"))
		*note_r = g_strdup("without https, what is read can be read along: only for trying it");
	else if (!policy_has_condition(admin->policy, "conversation"))
		*note_r = g_strdup("no rule has the condition conversation: what an employee answers to mail from "
				   "the portal is sealed only if another rule says so");
	return true;
}

/* As smtpd names it: below the queue directory by a path that holds in its chroot, too. */
static bool
names_socket(const char *milters, const char *queue, const char *listen)
{
	const char *path = strchr(listen, ':');
	g_autofree char *directory = path == NULL ? NULL : g_path_get_dirname(path + 1);
	g_autofree char *real = directory == NULL ? NULL : realpath(directory, NULL);
	g_autofree char *base = real == NULL ? NULL : realpath(queue, NULL);
	g_autofree char *inside = NULL;

	if (strstr(milters, path == NULL ? listen : path + 1) != NULL)
		return true;
	if (real == NULL || base == NULL || !g_str_has_prefix(real, base))
		return false;
	inside = g_strdup_printf("unix:%s/%s", real + strlen(base) + 1, strrchr(path, '/') + 1);
	return strstr(milters, inside) != NULL;
}

/* What Postfix is told; where there is no Postfix, nothing is said. */
static bool
at_wiring(const struct admin *admin, char **note_r, struct fault *fault)
{
	static const char *const command[] = {"postconf", "-h", "queue_directory", "smtpd_milters", NULL};
	g_autofree char *output = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
			  NULL, &output, NULL, NULL, NULL)) {
		*note_r = g_strdup("no postconf here: cannot look at Postfix");
		return true;
	}
	lines = g_strsplit(output, "\n", 3);
	if (g_strv_length(lines) == 3 && names_socket(lines[1], lines[0], admin->settings->milter_listen))
		return true;
	return fault_set(fault, FAULT_CONFIG,
			 "looking at Postfix: smtpd_milters (%s) does not name the milter's socket %s; "
			 "contrib/postfix/wire shows and makes the changes",
			 g_strstrip(output), admin->settings->milter_listen);
}

/* Asked for what the courier may ask: whether the MTA took a mail whose answer nobody heard. */
static bool
at_mta_log(const struct admin *admin, char **note_r, struct fault *fault)
{
	if (!mta_log_check(admin->settings->mta_log, fault))
		*note_r = g_strdup_printf("not there, so a mail may arrive twice when a courier dies: %s; where "
					  "Postfix logs to systemd, set mta log \"journal\"",
					  fault->text);
	return true;
}

static const struct look looks[] = {
	{"policy", at_policy},
	{"secrets", at_secrets},
	{"database", at_database},
	{"tables", at_tables},
	{"gpg", at_gpg},
	{"keeper", at_keeper},
	{"spool", at_spool},
	{"reader", at_reader},
	{"reinject", at_reinject},
	{"reinject verified", at_reinject_verified},
	{"reinject mapped", at_reinject_mapped},
	{"mta log", at_mta_log},
	{"portal", at_portal},
	{"Postfix", at_wiring},
};

static int
check(const struct admin *admin, int argc, char **argv)
{
	int status = EXIT_GOOD;

	(void)argv;
	if (argc != 1)
		return command_usage(&check_commands[0]);
	for (size_t i = 0; i < G_N_ELEMENTS(looks); i++) {
		g_autofree char *note = NULL;
		struct fault fault = {0};
		bool good = looks[i].at(admin, &note, &fault);

		printf("%-18s %s%s%s\n", looks[i].name, good ? "good" : "WRONG: ",
		       good ? note == NULL ? "" : ": " : fault.text, good && note != NULL ? note : "");
		if (!good)
			status = EXIT_FAILED;
	}
	return status;
}

const struct command check_commands[] = {
	{"check", "", "look whether everything the milter needs is there", check, true},
	{NULL, NULL, NULL, NULL, false},
};
