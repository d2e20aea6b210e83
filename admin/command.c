#include "admin/command.h"

#include <stdio.h>

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
command_fail(const struct fault *fault)
{
	fprintf(stderr, "postseal: %s\n", fault->text);
	return EXIT_FAILED;
}

int
command_usage(const struct command *command)
{
	fprintf(stderr, "usage: postseal %s %s\n", command->words, command->usage);
	return EXIT_USAGE;
}
