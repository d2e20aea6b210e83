#include "admin/check/check.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/check/probe.h"

static const struct look {
	const char *name;
	bool (*at)(const struct check *check, char **note_r, struct fault *fault);
	bool needs_postfix;
} looks[] = {
	{"policy", check_policy, false},
	{"settings", check_settings, false},
	{"secrets", check_secrets, false},
	{"database", check_database, false},
	{"database roles", check_roles, false},
	{"key store", check_key_store, false},
	{"certificates", check_certificates, false},
	{"tables", check_tables, false},
	{"gpg", check_gpg, false},
	{"keeper", check_keeper, false},
	{"spool", check_spool, false},
	{"reader", check_reader, false},
	{"programs", check_programs, false},
	{"reinject", check_reinject, false},
	{"reinject verified", check_reinject_verified, false},
	{"reinject mapped", check_reinject_mapped, false},
	{"mta log", check_mta_log, false},
	{"portal", check_portal, false},
	{"portal certificate", check_portal_certificate, false},
	{"milter socket", check_socket, true},
	{"milters", check_milters, true},
	{"milter order", check_order, true},
	{"milter failures", check_failures, true},
	{"logins", check_logins, true},
	{"placement", check_placement, true},
	{"filters", check_filters, true},
	{"transports", check_transports, true},
	{"bounces", check_bounces, true},
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

	if (look->needs_postfix && check->postfix == NULL)
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
	struct postfix *postfix;
	struct findings findings = {.rows = admin->as_json ? json_array() : NULL};
	struct fault fault;

	if (!read_options(&probe, argc, argv))
		return command_usage(admin->command);
	check.warnings = g_ptr_array_new_with_free_func(g_free);
	check.postfix = postfix = postfix_read(&fault);
	if (postfix == NULL && fault.cause != FAULT_NONE)
		findings_add(&findings, "Postfix", WRONG, fault.text);
	if (probe.to == NULL)
		look_at_all(&check, &findings);
	else
		probe_run(&probe, &check, &findings);
	postfix_free(postfix);
	g_ptr_array_unref(check.warnings);
	return findings_end(&findings);
}

const struct command check_commands[] = {
	{"check", "[--probe ADDRESS [--from ADDRESS] [--via URL] [--wait SECONDS]]",
	 "check that everything is in place and fits together", run, .needs_rules = true,
	 .reads = true},
	{NULL, NULL, NULL, NULL},
};
