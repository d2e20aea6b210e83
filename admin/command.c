#include "admin/command.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/address.h"
#include "keystore/keystore.h"

bool
command_ask(const struct admin *admin, const struct statement *statement, const char *const *texts,
	    PGresult **result_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(admin->database, fault);
	struct parameters parameters = {0};

	for (; *texts != NULL; texts++)
		parameters_text(&parameters, *texts);
	return connection != NULL &&
	       connection_execute(connection, statement, &parameters, result_r, fault);
}

int
command_answer(const struct admin *admin, const struct statement *statement,
	       const char *const *texts, report_form *form)
{
	g_autoptr(json_t) rows = NULL;
	g_autoptr(PGresult) result = NULL;
	struct fault fault;

	if (!command_ask(admin, statement, texts, &result, &fault))
		return command_fail(&fault);
	rows = report_of(result);
	report_print(rows, admin->as_json, form);
	return EXIT_GOOD;
}

struct keystore *
command_keystore(const struct admin *admin, const char *keeper, bool keeps)
{
	const struct database_settings listen = {.url = admin->settings->database};
	const struct keystore_settings settings = {.database = admin->database,
						   .listen = keeps ? &listen : NULL,
						   .keeper = keeper,
						   .sources = admin->settings->keys_from,
						   .revocation = admin->settings->revocation,
						   .gateways = admin->settings->keys_domains};

	return keystore_new(&settings);
}

static const struct statement command_given = {
	"command_given", "select postseal.activity_add(null, null, 'command given', $1, $2)"};

bool
command_record(const struct admin *admin, int argc, char **argv, struct fault *fault)
{
	static const char special[] = " \t\n\"'\\$`*?;&|<>()";
	g_autoptr(GString) words = g_string_new(NULL);
	g_autofree char *valid = NULL;
	g_autoptr(PGresult) result = NULL;

	for (int i = 1; i < argc; i++) {
		bool is_plain = *argv[i] != '\0' && strpbrk(argv[i], special) == NULL;
		g_autofree char *quoted = is_plain ? g_strdup(argv[i]) : g_shell_quote(argv[i]);

		g_string_append_printf(words, "%s%s", i > 1 ? " " : "", quoted);
	}
	valid = g_utf8_make_valid(words->str, -1);
	return command_ask(admin, &command_given,
			   (const char *const[]){admin->command->words, valid, NULL}, &result,
			   fault);
}

bool
command_limit(const char *text)
{
	return g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT32, NULL, NULL);
}

/* It quotes the arguments, and text written by others. */
static void
complain(const char *text)
{
	g_autofree char *shown = report_shown(text);

	fprintf(stderr, "postseal: %s\n", shown);
}

int
command_fail(const struct fault *fault)
{
	complain(fault->text);
	return EXIT_FAILED;
}

int
command_missing(const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	complain(text);
	return EXIT_MISSING;
}

void
command_print_usage(FILE *file, const struct command *command)
{
	fprintf(file, "usage: postseal %s%s%s%s\n", command->words,
		command->is_dialogue ? "" : " [--json]", *command->usage == '\0' ? "" : " ",
		command->usage);
}

/* Without options at all if none is named. */
char **
command_operands_with(int argc, char **argv, const char *option, bool *given_r, int least, int most)
{
	const struct option options[] = {{option, no_argument, NULL, 'o'}, {0}};
	int found;

	*given_r = false;
	optind = 0;
	while ((found = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (found != 'o')
			return NULL;
		*given_r = true;
	}
	return argc - optind < least || argc - optind > most ? NULL : argv + optind;
}

char **
command_operands(int argc, char **argv, int least, int most)
{
	bool given;

	return command_operands_with(argc, argv, NULL, &given, least, most);
}

int
command_answer_about(const struct admin *admin, int argc, char **argv,
		     const struct statement *statement, report_form *form)
{
	char **given = command_operands(argc, argv, 0, 1);
	g_autofree char *wanted = NULL;

	if (given == NULL)
		return command_usage(admin->command);
	wanted = address_fold(*given == NULL ? "" : *given);
	return command_answer(admin, statement, (const char *const[]){wanted, NULL}, form);
}

int
command_usage(const struct command *command)
{
	command_print_usage(stderr, command);
	return EXIT_USAGE;
}
