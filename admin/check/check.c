#include "admin/check/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

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

/* --- what is said --- */

/* What was found, a line each; or (--json) objects for one array. */
struct report {
	json_t *findings;
	bool wrong;
};

static void
report_line(struct report *report, const char *name, const char *verdict, const char *text)
{
	if (report->findings != NULL)
		json_array_append_new(report->findings,
				      json_pack("{s:s, s:s, s:s?}", "look", name, "verdict",
						verdict, "text", text));
	else
		printf("%-18s %s%s%s\n", name, verdict, text == NULL ? "" : ": ",
		       text == NULL ? "" : text);
}

static void
report_wrong(struct report *report, const char *name, const struct fault *fault)
{
	report->wrong = true;
	report_line(report, name, report->findings == NULL ? "WRONG" : "wrong", fault->text);
}

static void
report_warnings(struct report *report, const char *name, GPtrArray *warnings)
{
	for (guint i = 0; i < warnings->len; i++)
		report_line(report, name, report->findings == NULL ? "WARNING" : "warning",
			    g_ptr_array_index(warnings, i));
	g_ptr_array_set_size(warnings, 0);
}

static void
look(const struct look *look, const struct check *check, struct report *report)
{
	g_autofree char *note = NULL;
	struct fault fault = {0};

	if (look->needs_postfix && check->postfix == NULL)
		report_line(report, look->name, "good", "not checked, as there is no Postfix here");
	else if (!look->at(check, &note, &fault))
		report_wrong(report, look->name, &fault);
	else if (check->warnings->len == 0 || note != NULL)
		report_line(report, look->name, "good", note);
	report_warnings(report, look->name, check->warnings);
}

static void
look_at_all(struct check *check, struct report *report)
{
	struct fault fault;
	struct postfix *postfix = postfix_read(&fault);

	if (postfix == NULL && fault.cause != FAULT_NONE)
		report_wrong(report, "Postfix", &fault);
	if (geteuid() != 0)
		report_line(report, "user", report->findings == NULL ? "WARNING" : "warning",
			    "not run by root, so nothing is tried as the users of the programs");
	check->postfix = postfix;
	check->warnings = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < G_N_ELEMENTS(looks); i++)
		look(&looks[i], check, report);
	g_ptr_array_unref(check->warnings);
	postfix_free(postfix);
}

static int
run(const struct admin *admin, int argc, char **argv)
{
	struct check check = {.admin = admin, .settings = admin->settings};
	g_autoptr(json_t) findings = admin->as_json ? json_array() : NULL;
	struct report report = {.findings = findings};

	if (command_operands(argc, argv, 0, 0) == NULL)
		return command_usage(admin->command);
	look_at_all(&check, &report);
	if (findings != NULL)
		report_print(findings, true, report_lines);
	return report.wrong ? EXIT_FAILED : EXIT_GOOD;
}

const struct command check_commands[] = {
	{"check", "", "check that everything is in place and fits together", run,
	 .needs_rules = true, .reads = true},
	{NULL, NULL, NULL, NULL},
};
