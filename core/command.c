#include "core/command.h"

#include <stdio.h>

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
