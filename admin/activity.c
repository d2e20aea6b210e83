#include "admin/activity.h"

#include <getopt.h>
#include <stdio.h>

#include "core/address.h"

/* The first characters of a fingerprint are enough; somebody who acted as root is found by name. */
static const struct statement activity_list = {
	"activity_list",
	"select to_char(at, 'YYYY-MM-DD HH24:MI:SS  '), actor, '  ', what, '  ', subject, coalesce(': ' || detail, ''),"
	" coalesce(', from ' || network, '') from postseal.activity "
	"where $1 = '' or starts_with(subject, $1) or actor = $1 or starts_with(actor, $1 || ' as ')"
	" order by id desc limit $2::bigint"};

static const struct statement activity_about = {
	"activity_about",
	"select to_char(at, 'YYYY-MM-DD HH24:MI:SS  '), role, '  ', what, coalesce(': ' || nullif(detail, ''), ''),"
	" coalesce(', message ' || message, '') from postseal.about($1)"};

static int
print_rows(const struct admin *admin, const struct statement *statement, const char *const *texts)
{
	g_autoptr(PGresult) result = NULL;
	struct fault fault;

	if (!command_ask(admin, statement, texts, &result, &fault))
		return command_fail(&fault);
	for (int row = 0; row < PQntuples(result); row++) {
		for (int column = 0; column < PQnfields(result); column++)
			fputs(PQgetvalue(result, row, column), stdout);
		putchar('\n');
	}
	return EXIT_GOOD;
}

static int
list(const struct admin *admin, int argc, char **argv)
{
	static const struct option options[] = {{"limit", required_argument, NULL, 'l'}, {0}};
	g_autofree char *wanted = NULL;
	const char *limit = "50";
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'l' ||
		    !g_ascii_string_to_unsigned(optarg, 10, 1, G_MAXINT32, NULL, NULL))
			return command_usage(&activity_commands[0]);
		limit = optarg;
	}
	if (argc - optind > 1)
		return command_usage(&activity_commands[0]);
	wanted = optind < argc ? address_fold(argv[optind]) : g_strdup("");
	return print_rows(admin, &activity_list, (const char *const[]){wanted, limit, NULL});
}

static int
about(const struct admin *admin, int argc, char **argv)
{
	g_autofree char *person = NULL;

	if (argc != 2)
		return command_usage(&activity_commands[1]);
	person = address_fold(argv[1]);
	return print_rows(admin, &activity_about, (const char *const[]){person, NULL});
}

const struct command activity_commands[] = {
	{"activity list", "[--limit N] [ADDRESS | FINGERPRINT | USER]",
	 "list what people did to keys, trust and accounts, newest first", list},
	{"activity about", "ADDRESS", "show everything on record about a person", about},
	{NULL, NULL, NULL, NULL, false},
};
