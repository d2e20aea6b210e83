#include "admin/check/check.h"

#include <stdio.h>

static const struct look {
	const char *name;
	bool (*at)(const struct check *check, char **note_r, struct fault *fault);
	bool needs_postfix;
} looks[] = {
	{"policy", check_policy, false},
	{"secrets", check_secrets, false},
	{"database", check_database, false},
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

static bool
look(const struct look *look, const struct check *check)
{
	g_autofree char *note = NULL;
	struct fault fault = {0};
	bool good;

	if (look->needs_postfix && check->postfix == NULL) {
		printf("%-18s good: not checked, as there is no Postfix here\n", look->name);
		return true;
	}
	good = look->at(check, &note, &fault);
	printf("%-18s %s%s%s\n", look->name,
	       good ? "good" : "WRONG: ", good ? note == NULL ? "" : ": " : fault.text,
	       good && note != NULL ? note : "");
	return good;
}

static int
run(const struct admin *admin, int argc, char **argv)
{
	struct check check = {.admin = admin, .settings = admin->settings};
	struct postfix *postfix;
	struct fault fault;
	int status = EXIT_GOOD;

	(void)argv;
	if (argc != 1)
		return command_usage(&check_commands[0]);
	postfix = postfix_read(&fault);
	if (postfix == NULL && fault.cause != FAULT_NONE) {
		printf("%-18s WRONG: %s\n", "Postfix", fault.text);
		status = EXIT_FAILED;
	}
	check.postfix = postfix;
	for (size_t i = 0; i < G_N_ELEMENTS(looks); i++)
		if (!look(&looks[i], &check))
			status = EXIT_FAILED;
	postfix_free(postfix);
	return status;
}

const struct command check_commands[] = {
	{"check", "", "check that everything is in place and fits together", run, true},
	{NULL, NULL, NULL, NULL, false},
};
