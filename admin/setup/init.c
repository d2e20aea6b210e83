#include <stdio.h>

#include "admin/setup/setup.h"
#include "admin/setup/step.h"
#include "core/migrate.h"
#include "core/seal/key_file.h"

static void
tell_applied(const char *name)
{
	printf("applied %s\n", name);
}

int
init_database(const struct admin *admin, int argc, char **argv)
{
	g_autoptr(connection_auto) connection = NULL;
	struct fault fault;

	(void)argv;
	if (argc != 1)
		return command_usage(&setup_commands[1]);
	connection = database_take(admin->database, &fault);
	if (connection == NULL || !migrate(connection, tell_applied, &fault))
		return command_fail(&fault);
	puts("the database is ready");
	return EXIT_GOOD;
}

int
init_secrets(const struct admin *admin, int argc, char **argv)
{
	struct secret_owners owners = setup_key_owners(admin->settings);
	struct fault fault;
	int made;

	(void)argv;
	if (argc != 1)
		return command_usage(&setup_commands[2]);
	if (!secret_make_missing(admin->settings->secrets, &owners, &made, &fault))
		return command_fail(&fault);
	printf("%d key files created in %s%s\n", made, admin->settings->secrets,
	       made > 0 ? "; keep a copy of them in a safe place, away from the database" : "");
	return EXIT_GOOD;
}
