#include "admin/message.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/address.h"
#include "core/identifier.h"

enum { LIST_STANDARD = 50 };

static const struct statement message_list = {
	"message_list",
	"select to_char(offered_at, 'YYYY-MM-DD HH24:MI:SS'), coalesce(queue_id, '-'), sender, recipient,"
	" coalesce(method, '-'), state, message from postseal.log "
	"where $1 = '' or lower(sender) = $1 or lower(recipient) = $1 or queue_id = $3 "
	"order by offered_at desc, recipient limit $2"};

static const struct statement message_find = {
	"message_find",
	"select message, to_char(offered_at, 'YYYY-MM-DD HH24:MI:SS'), queue_id, sender, authenticated,"
	" message_id, size, policy, recipient, method, state, rule_line, rule, reason,"
	" array_to_string(keys, ' '), signed_by, jsonb_pretty(trace) "
	"from postseal.log where message = $1 order by recipient"};

static const struct statement message_history = {
	"message_history",
	"select to_char(at, 'YYYY-MM-DD HH24:MI:SS.MS'), coalesce(recipient, ''), what, coalesce(detail, '') "
	"from postseal.history where message = $1 order by at"};

static int
list(const struct admin *admin, int argc, char **argv)
{
	static const struct option options[] = {{"limit", required_argument, NULL, 'l'}, {0}};
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(PGresult) result = NULL;
	g_autofree char *wanted = NULL;
	struct parameters parameters = {0};
	struct fault fault;
	int option;
	long limit = LIST_STANDARD;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'l' || (limit = strtol(optarg, NULL, 10)) <= 0)
			return command_usage(&audit_commands[0]);
	}
	if (argc - optind > 1)
		return command_usage(&audit_commands[0]);
	wanted = optind < argc ? address_fold(argv[optind]) : g_strdup("");
	parameters_text(&parameters, wanted);
	parameters_number(&parameters, limit);
	parameters_text(&parameters, optind < argc ? argv[optind] : "");
	connection = database_take(admin->database, &fault);
	if (connection == NULL ||
	    !connection_execute(connection, &message_list, &parameters, &result, &fault))
		return command_fail(&fault);
	for (int row = 0; row < PQntuples(result); row++)
		printf("%s  %-12s  %-8s %-8s <%s> to <%s>  %s\n", PQgetvalue(result, row, 0),
		       PQgetvalue(result, row, 1), PQgetvalue(result, row, 4),
		       PQgetvalue(result, row, 5), PQgetvalue(result, row, 2),
		       PQgetvalue(result, row, 3), PQgetvalue(result, row, 6));
	return EXIT_GOOD;
}

static void
print_field(const PGresult *result, int row, int column, const char *name)
{
	if (!PQgetisnull(result, row, column) && *PQgetvalue(result, row, column) != '\0')
		printf("%-14s %s\n", name, PQgetvalue(result, row, column));
}

static void
print_copies(const PGresult *result)
{
	static const char *const names[] = {"message", "offered at (UTC)", "queue ID", "sender",
					    "user",    "message ID",	   "size",     "policy"};
	static const char *const copy_names[] = {"\nrecipient", "method",    "state",
						 "rule line",	"rule",	     "reason",
						 "keys",	"signed by", "trace"};

	for (int i = 0; i < (int)G_N_ELEMENTS(names); i++)
		print_field(result, 0, i, names[i]);
	for (int row = 0; row < PQntuples(result); row++)
		for (int i = 0; i < (int)G_N_ELEMENTS(copy_names); i++)
			print_field(result, row, (int)G_N_ELEMENTS(names) + i, copy_names[i]);
}

static int
show(const struct admin *admin, int argc, char **argv)
{
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(PGresult) result = NULL;
	g_autoptr(PGresult) history = NULL;
	struct parameters parameters = {0};
	struct identifier id;
	struct fault fault;

	if (argc != 2)
		return command_usage(&audit_commands[1]);
	if (!identifier_parse(&id, argv[1])) {
		fault_set(&fault, FAULT_INPUT,
			  "looking for the message %s: it is not an identifier as shown by "
			  "`postseal message list`",
			  argv[1]);
		return command_fail(&fault);
	}
	parameters_text(&parameters, id.text);
	connection = database_take(admin->database, &fault);
	if (connection == NULL ||
	    !connection_execute(connection, &message_find, &parameters, &result, &fault) ||
	    !connection_execute(connection, &message_history, &parameters, &history, &fault))
		return command_fail(&fault);
	if (PQntuples(result) == 0) {
		fault_set(&fault, FAULT_INPUT,
			  "looking for the message %s: there is no such "
			  "message",
			  id.text);
		return command_fail(&fault);
	}
	print_copies(result);
	puts("\nhistory (UTC)");
	for (int row = 0; row < PQntuples(history); row++)
		printf("%s  %s %s %s\n", PQgetvalue(history, row, 0), PQgetvalue(history, row, 2),
		       PQgetvalue(history, row, 1), PQgetvalue(history, row, 3));
	return EXIT_GOOD;
}

const struct command audit_commands[] = {
	{"message list", "[--limit N] [ADDRESS | QUEUE-ID]", "list messages, newest first", list},
	{"message show", "MESSAGE", "show everything on record about a message", show},
	{NULL, NULL, NULL, NULL, false},
};
