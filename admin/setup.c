#include "admin/setup.h"

#include <stdio.h>

#include "core/migrate.h"
#include "core/seal/key_file.h"

static void
tell_applied(const char *name)
{
	printf("applied %s\n", name);
}

static int
init_database(const struct admin *admin, int argc, char **argv)
{
	g_autoptr(connection_auto) connection = NULL;
	struct fault fault;

	(void)argv;
	if (argc != 1)
		return command_usage(&setup_commands[0]);
	connection = database_take(admin->database, &fault);
	if (connection == NULL || !migrate(connection, tell_applied, &fault))
		return command_fail(&fault);
	puts("the database is ready");
	return EXIT_GOOD;
}

static int
init_secrets(const struct admin *admin, int argc, char **argv)
{
	struct fault fault;
	int made;

	(void)argv;
	if (argc != 1)
		return command_usage(&setup_commands[1]);
	if (!secret_make_missing(admin->settings->secrets, &made, &fault))
		return command_fail(&fault);
	printf("%d key files created in %s%s\n", made, admin->settings->secrets,
	       made > 0 ? "; keep a copy of them in a safe place, away from the database" : "");
	return EXIT_GOOD;
}

const struct command setup_commands[] = {
	{"database init", "", "create or upgrade the tables and roles", init_database},
	{"secrets init", "", "create the key files that are missing", init_secrets},
	{NULL, NULL, NULL, NULL, false},
};
