#include "admin/progress.h"
#include "admin/setup/setup.h"
#include "admin/setup/step.h"
#include "core/migrate.h"
#include "core/seal/key_file.h"

static void
note_applied(void *rows, const char *name, unsigned done, unsigned total)
{
	json_array_append_new(rows, json_pack("{s:s, s:o}", "applied", name, "text",
					      json_sprintf("applied %s", name)));
	progress_show(done, total, "migrations");
}

int
init_database(const struct admin *admin, int argc, char **argv)
{
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(json_t) rows = json_array();
	struct fault fault;

	if (argc != 1)
		return command_usage(admin->command);
	connection = database_take(admin->database, &fault);
	if (connection == NULL || !migrate(connection, note_applied, rows, &fault) ||
	    !command_record(admin, argc, argv, &fault)) {
		report_print(rows, admin->as_json, report_lines);
		return command_fail(&fault);
	}
	json_array_append_new(rows,
			      json_pack("{s:n, s:s}", "applied", "text", "the database is ready"));
	report_print(rows, admin->as_json, report_lines);
	return EXIT_GOOD;
}

int
init_secrets(const struct admin *admin, int argc, char **argv)
{
	struct secret_owners owners = setup_key_owners(admin->settings);
	g_autoptr(json_t) rows = NULL;
	struct fault fault;
	int made;

	if (argc != 1)
		return command_usage(admin->command);
	/* Key files come before the database: there may be none to put this on record in. */
	(void)command_record(admin, argc, argv, &fault);
	if (!secret_make_missing(admin->settings->secrets, &owners, &made, &fault))
		return command_fail(&fault);
	rows = json_pack(
		"[{s:s, s:i, s:o}]", "directory", admin->settings->secrets, "created", made, "text",
		json_sprintf("%d key files created in %s%s", made, admin->settings->secrets,
			     made > 0 ? "; keep a copy of them in a safe place, away from "
					"the database"
				      : ""));
	report_print(rows, admin->as_json, report_lines);
	return EXIT_GOOD;
}
