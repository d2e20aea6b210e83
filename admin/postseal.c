/* The admin's command, postseal(8). */
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/account.h"
#include "admin/activity.h"
#include "admin/actor.h"
#include "admin/approval.h"
#include "admin/ca.h"
#include "admin/check/check.h"
#include "admin/domain_tls.h"
#include "admin/employee.h"
#include "admin/explain.h"
#include "admin/key.h"
#include "admin/key_report.h"
#include "admin/key_source.h"
#include "admin/legal_hold.h"
#include "admin/message.h"
#include "admin/outbox.h"
#include "admin/policy_version.h"
#include "admin/secrets.h"
#include "admin/setup/setup.h"
#include "admin/trust.h"
#include "admin/waiting.h"
#include "core/database.h"
#include "core/log.h"
#include "delivery/method.h"
#include "mail/mime_stream.h"

static const struct command *const folders[] = {
	setup_commands,	     secrets_commands,	  keystore_commands,	   trust_commands,
	explain_commands,    message_commands,	  waiting_commands,	   outbox_commands,
	account_commands,    employee_commands,	  activity_commands,	   legal_hold_commands,
	check_commands,	     key_source_commands, key_report_commands,	   ca_commands,
	domain_tls_commands, approval_commands,	  policy_version_commands,
};

static int
usage(FILE *file)
{
	fputs("usage: postseal [-f postseal.conf] COMMAND\n\n", file);
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
		for (const struct command *c = folders[i]; c->words != NULL; c++)
			fprintf(file, "  %-16s  %s\n", c->words, c->summary);
	return file == stdout ? EXIT_GOOD : EXIT_USAGE;
}

/* What one command is for and how it is used: shell completions take its options from here. */
static int
help(const struct command *command)
{
	command_print_usage(stdout, command);
	printf("\n%s\n\nexample: postseal %s%s%s\n", command->summary, command->words,
	       command->example == NULL ? "" : " ",
	       command->example == NULL ? "" : command->example);
	return EXIT_GOOD;
}

/* How many of the arguments are the command's own words; 0 if it is a different command. */
static int
words_in(const char *name, int argc, char **argv)
{
	g_auto(GStrv) words = g_strsplit(name, " ", -1);
	int count = (int)g_strv_length(words);

	for (int i = 0; i < count; i++)
		if (i >= argc || strcmp(argv[i], words[i]) != 0)
			return 0;
	return count;
}

static const struct command *
find_command(int argc, char **argv, int *words_r)
{
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
		for (const struct command *c = folders[i]; c->words != NULL; c++) {
			*words_r = words_in(c->words, argc, argv);
			if (*words_r == 0 && c->former != NULL)
				*words_r = words_in(c->former, argc, argv);
			if (*words_r > 0)
				return c;
		}
	return NULL;
}

static void
tell(const char *label, const GPtrArray *complaints)
{
	for (guint i = 0; i < complaints->len; i++)
		fprintf(stderr, "postseal: %s%s\n", label,
			(const char *)g_ptr_array_index(complaints, i));
}

static int
run_with_database(struct admin *admin, int argc, char **argv)
{
	const struct command *command = admin->command;
	const struct database_settings database = {.url = admin->settings->database,
						   .actor = admin->actor,
						   .read_only = command->reads};
	struct fault fault;
	int status;

	admin->database = database_new(&database);
	if (command->reads || command->makes_database || command_record(admin, argc, argv, &fault))
		status = command->run(admin, argc, argv);
	else
		status = command_fail(&fault);
	database_free(admin->database);
	return status;
}

static int
run(struct admin *admin, int argc, char **argv)
{
	g_auto(policy_complaints_auto) complaints = {0};
	g_autoptr(policy_auto) policy = NULL;
	g_autoptr(settings_auto) settings = NULL;
	const struct command *command = admin->command;
	int status;

	if (command->needs_nothing)
		return command->run(admin, argc, argv);
	policy_complaints_init(&complaints);
	if (command->needs_rules)
		admin->policy = policy =
			policy_load(admin->config, methods_for_policy(), &complaints);
	else
		settings = settings_load(admin->config, complaints.errors);
	tell("", complaints.errors);
	tell("warning: ", complaints.warnings);
	if (complaints.errors->len > 0)
		return EXIT_FAILED;
	admin->settings = policy == NULL ? settings : policy_settings(policy);
	status = run_with_database(admin, argc, argv);
	if (fflush(stdout) != 0) {
		perror("postseal: writing the output");
		return EXIT_FAILED;
	}
	return status;
}

/* Removes from the arguments an option that every command has. */
static bool
take_option(const char *option, int *argc, char **argv)
{
	for (int i = 1; i < *argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], option) == 0) {
			memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i) * sizeof *argv);
			--*argc;
			return true;
		}
	return false;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	const char *config = getenv("POSTSEAL_CONFIG");
	g_autofree char *actor = actor_name();
	struct admin admin = {.actor = actor};
	int option, words = 0;

	if (config == NULL)
		config = settings_standard_path;
	while ((option = getopt_long(argc, argv, "+f:hV", options, NULL)) != -1) {
		if (option == 'f')
			config = optarg;
		else if (option == 'V')
			return puts("postseal " POSTSEAL_VERSION) < 0 ? EXIT_FAILED : EXIT_GOOD;
		else
			return usage(option == 'h' ? stdout : stderr);
	}
	argc -= optind;
	argv += optind;
	admin.config = config;
	admin.command = find_command(argc, argv, &words);
	if (admin.command == NULL)
		return usage(stderr);
	argc -= words - 1;
	argv += words - 1;
	if (take_option("--help", &argc, argv))
		return help(admin.command);
	admin.as_json = !admin.command->is_dialogue && take_option("--json", &argc, argv);
	log_open("postseal", false);
	if (sodium_init() < 0) {
		fputs("postseal: libsodium cannot be initialised\n", stderr);
		return EXIT_FAILED;
	}
	mime_start();
	return run(&admin, argc, argv);
}
