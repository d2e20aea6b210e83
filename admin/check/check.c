#include "admin/check/check.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/check/probe.h"

/* Which MTA a look is for (setting mta); one that is for a Postfix on this machine is skipped if
 * there is none. */
enum look_for { ANY_MTA, POSTFIX, POSTFIX_HERE, SENDMAIL };

static const struct look {
	const char *name;
	bool (*at)(const struct check *check, char **note_r, struct fault *fault);
	enum look_for mta;
} looks[] = {
	{"policy", check_policy, ANY_MTA},
	{"settings", check_settings, ANY_MTA},
	{"secrets", check_secrets, ANY_MTA},
	{"database", check_database, ANY_MTA},
	{"database roles", check_roles, ANY_MTA},
	{"key store", check_key_store, ANY_MTA},
	{"certificates", check_certificates, ANY_MTA},
	{"key sources", check_key_sources, ANY_MTA},
	{"tables", check_tables, ANY_MTA},
	{"gpg", check_gpg, ANY_MTA},
	{"keeper", check_keeper, ANY_MTA},
	{"authority", check_authority, ANY_MTA},
	{"finder", check_finder, ANY_MTA},
	{"spool", check_spool, ANY_MTA},
	{"reader", check_reader, ANY_MTA},
	{"programs", check_programs, ANY_MTA},
	{"units", check_units, ANY_MTA},
	{"reinject", check_reinject, ANY_MTA},
	{"reinject verified", check_reinject_verified, POSTFIX},
	{"verified TLS", check_verified_tls, POSTFIX},
	{"reinject mapped", check_reinject_mapped, POSTFIX},
	{"mta log", check_mta_log, ANY_MTA},
	{"names", check_names, ANY_MTA},
	{"results", check_results, ANY_MTA},
	{"portal", check_portal, ANY_MTA},
	{"portal certificate", check_portal_certificate, ANY_MTA},
	{"pop", check_pop, ANY_MTA},
	{"submission", check_submission, ANY_MTA},
	{"milter socket", check_socket, POSTFIX_HERE},
	{"milters", check_milters, POSTFIX_HERE},
	{"milter order", check_order, POSTFIX_HERE},
	{"milter failures", check_failures, POSTFIX_HERE},
	{"logins", check_logins, POSTFIX_HERE},
	{"networks", check_networks, POSTFIX_HERE},
	{"domains", check_mail_domains, POSTFIX_HERE},
	{"services", check_postfix_services, POSTFIX_HERE},
	{"placement", check_placement, POSTFIX_HERE},
	{"mail from outside", check_outside, POSTFIX_HERE},
	{"filters", check_filters, POSTFIX_HERE},
	{"transports", check_transports, POSTFIX_HERE},
	{"sizes", check_sizes, POSTFIX_HERE},
	{"bounces", check_bounces, POSTFIX_HERE},
	{"milters", check_sendmail_milters, SENDMAIL},
	{"milter order", check_sendmail_order, SENDMAIL},
	{"milter failures", check_sendmail_failures, SENDMAIL},
	{"placement", check_sendmail_placement, SENDMAIL},
	{"bounces", check_sendmail_bounces, SENDMAIL},
};

void
check_warn(const struct check *check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(check->warnings, g_strdup_vprintf(format, args));
	va_end(args);
}

static void
report_warnings(struct findings *findings, const char *name, GPtrArray *warnings)
{
	for (guint i = 0; i < warnings->len; i++)
		findings_add(findings, name, WARNING, g_ptr_array_index(warnings, i));
	g_ptr_array_set_size(warnings, 0);
}

static void
look(const struct look *look, const struct check *check, struct findings *findings)
{
	g_autofree char *note = NULL;
	struct fault fault = {0};

	if (look->mta != ANY_MTA &&
	    (look->mta == SENDMAIL) != (check->settings->mta == MTA_SENDMAIL))
		return;
	if (look->mta == POSTFIX_HERE && check->postfix == NULL)
		findings_add(findings, look->name, GOOD,
			     "not checked, as there is no Postfix here");
	else if (!look->at(check, &note, &fault))
		findings_add(findings, look->name, WRONG, fault.text);
	else if (check->warnings->len == 0 || note != NULL)
		findings_add(findings, look->name, GOOD, note);
	report_warnings(findings, look->name, check->warnings);
}

static void
look_at_all(struct check *check, struct findings *findings)
{
	if (geteuid() != 0)
		findings_add(findings, "user", WARNING,
			     "not run by root, so nothing is tried as the users of the programs");
	for (size_t i = 0; i < G_N_ELEMENTS(looks); i++)
		look(&looks[i], check, findings);
}

static bool
read_options(struct probe *probe, int argc, char **argv)
{
	static const struct option options[] = {{"probe", required_argument, NULL, 'p'},
						{"from", required_argument, NULL, 'f'},
						{"via", required_argument, NULL, 'v'},
						{"wait", required_argument, NULL, 'w'},
						{0}};
	guint64 seconds = PROBE_SECONDS;
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'p')
			probe->to = optarg;
		else if (option == 'f')
			probe->from = optarg;
		else if (option == 'v')
			probe->via = optarg;
		else if (option != 'w' || !g_ascii_string_to_unsigned(
						  optarg, 10, 1, PROBE_SECONDS_MAX, &seconds, NULL))
			return false;
	}
	probe->seconds = (unsigned)seconds;
	return optind == argc;
}

static int
run(const struct admin *admin, int argc, char **argv)
{
	struct check check = {.admin = admin, .settings = admin->settings};
	struct probe probe = {0};
	struct postfix *postfix = NULL;
	struct findings findings = {.rows = admin->as_json ? json_array() : NULL};
	struct fault fault = {0};

	if (!read_options(&probe, argc, argv))
		return command_usage(admin->command);
	check.warnings = g_ptr_array_new_with_free_func(g_free);
	check.samples = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (check.settings->mta == MTA_POSTFIX)
		check.postfix = postfix = postfix_read(&fault);
	if (postfix == NULL && fault.cause != FAULT_NONE)
		findings_add(&findings, "Postfix", WRONG, fault.text);
	check_mark_members(&check, postfix);
	check_mark_returns(&check, postfix);
	if (probe.to == NULL)
		look_at_all(&check, &findings);
	else
		probe_run(&probe, &check, &findings);
	postfix_free(postfix);
	g_ptr_array_unref(check.warnings);
	g_hash_table_unref(check.samples);
	return findings_end(&findings);
}

const struct command check_commands[] = {
	{"check", "[--probe ADDRESS [--from ADDRESS] [--via URL] [--wait SECONDS]]",
	 "check that everything is in place and fits together", run, .needs_rules = true,
	 .reads = true},
	{NULL, NULL, NULL, NULL},
};
