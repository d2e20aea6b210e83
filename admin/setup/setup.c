#include "admin/setup/setup.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/setup/answers.h"
#include "admin/setup/step.h"

static const struct setup_step steps[] = {
	{"settings", setup_configuration},  {"users", setup_users},
	{"directories", setup_directories}, {"key files", setup_keys},
	{"database", setup_database},	    {"programs", setup_units},
	{"Postfix", setup_wiring},
};

/* --- what is printed --- */

G_GNUC_PRINTF(3, 0)
static void
say(const struct setup *setup, const char *before, const char *format, va_list arguments)
{
	printf("%-12s  %s", setup->step, before);
	vprintf(format, arguments);
	putchar('\n');
	fflush(stdout);
}

bool
setup_says(struct setup *setup, const char *format, ...)
{
	va_list arguments;

	setup->changes++;
	va_start(arguments, format);
	say(setup, setup->dry_run ? "would " : "", format, arguments);
	va_end(arguments);
	return !setup->dry_run;
}

void
setup_notes(const struct setup *setup, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(setup, "note: ", format, arguments);
	va_end(arguments);
}

void
setup_leaves(struct setup *setup, const char *format, ...)
{
	va_list arguments;

	setup->unsettled++;
	va_start(arguments, format);
	say(setup, "to do: ", format, arguments);
	va_end(arguments);
}

/* --- the command --- */

static bool
take_step(struct setup *setup, const struct setup_step *step, struct fault *fault)
{
	unsigned changes = setup->changes, unsettled = setup->unsettled;

	setup->step = step->name;
	if (!step->run(setup, fault))
		return false;
	if (setup->changes == changes && setup->unsettled == unsettled)
		printf("%-12s  nothing to do\n", step->name);
	return true;
}

static int
stop(const struct setup *setup, const struct fault *fault)
{
	command_fail(fault);
	if (setup->step != NULL)
		fprintf(stderr,
			"postseal: setup stopped at \"%s\"; earlier steps are kept. Fix the problem and run it "
			"again\n",
			setup->step);
	return EXIT_FAILED;
}

/* In a process of its own, as the admin would run it: with the configuration that was just written.
 */
static int
check(const struct setup *setup)
{
	puts(setup->unsettled > 0 ? "The remaining steps are listed above. Running postseal check:"
	     : setup->changes == 0
		     ? "Nothing was changed: everything is in place. Running postseal check:"
		     : "Done. Running postseal check:");
	fflush(stdout);
	execl("/proc/self/exe", "postseal", "-f", setup->config, "check", NULL);
	perror("postseal: running postseal check");
	return EXIT_FAILED;
}

static bool
may_run(const struct setup *setup, struct fault *fault)
{
	if (geteuid() != 0)
		return fault_set(
			fault, FAULT_CONFIG,
			"setup creates users, key files and a database, and must be run as root: run it "
			"with sudo");
	if (!setup->terminal && !setup->yes && !setup->no_wire && !setup->dry_run)
		return fault_set(
			fault, FAULT_INPUT,
			"whether to change Postfix cannot be asked without a terminal: give --yes "
			"or --no-wire");
	return true;
}

static int
take_steps(struct setup *setup)
{
	struct fault fault = {0};

	if (!may_run(setup, &fault))
		return stop(setup, &fault);
	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
		if (!take_step(setup, &steps[i], &fault))
			return stop(setup, &fault);
	if (!setup->dry_run)
		return check(setup);
	puts("Nothing was changed: this was a dry run.");
	return EXIT_GOOD;
}

static void
clear(struct setup *setup)
{
	settings_free(setup->settings);
	g_free(setup->organisation);
	g_free(setup->portal_url);
	g_free(setup->portal_listen);
	g_free(setup->database);
	g_free(setup->second_pass);
	g_strfreev(setup->domains);
}

static int
run(const struct admin *admin, int argc, char **argv)
{
	struct setup setup = {.config = admin->config,
			      .actor = admin->actor,
			      .terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)};
	struct fault fault;
	int status;

	if (answers_read(&setup, argc, argv, &fault))
		status = take_steps(&setup);
	else if (fault.cause == FAULT_NONE)
		status = command_usage(&setup_commands[0]);
	else
		status = command_fail(&fault);
	clear(&setup);
	return status;
}

const struct command setup_commands[] = {
	{"setup",
	 "[--organisation NAME] [--domain DOMAIN ...] [--portal URL] [--database local|URL] "
	 "[--portal-listen PLACE] [--second-pass PORT] [--yes] [--no-wire] [--dry-run]",
	 "install: settings, users, key files, database, programs, Postfix", run,
	 .needs_nothing = true, .is_dialogue = true,
	 .example =
		 "--organisation \"Example Corp\" --domain example.com --portal https://secure.example.com "
		 "--database local --dry-run"},
	{"database init", "", "create or upgrade the tables and roles", init_database,
	 .makes_database = true},
	{"secrets init", "", "create the key files that are missing", init_secrets,
	 .makes_database = true},
	{NULL, NULL, NULL, NULL, false},
};
