#include "admin/activity.h"

#include <getopt.h>

#include "core/address.h"

/* The first characters of a fingerprint are enough; someone who acted as root is found by name. */
static const struct statement activity_list = {
	"activity_list",
	"select date_trunc('second', at) as at, actor, network, what, subject, detail from postseal.activity "
	"where $1 = '' or starts_with(subject, $1) or actor = $1 or starts_with(actor, $1 || ' as ')"
	" order by id desc limit $2::bigint"};

static const struct statement activity_about = {
	"activity_about",
	"select date_trunc('second', at) as at, role, what, message, nullif(detail, '') as detail from postseal.about($1)"};

static int
list(const struct admin *admin, int argc, char **argv)
{
	static const struct option options[] = {{"limit", required_argument, NULL, 'l'}, {0}};
	g_autofree char *wanted = NULL;
	const char *limit = "50";
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'l' || !command_limit(optarg))
			return command_usage(admin->command);
		limit = optarg;
	}
	if (argc - optind > 1)
		return command_usage(admin->command);
	wanted = optind < argc ? address_fold(argv[optind]) : g_strdup("");
	return command_answer(admin, &activity_list, (const char *const[]){wanted, limit, NULL},
			      report_table);
}

static int
about(const struct admin *admin, int argc, char **argv)
{
	char **given = command_operands(argc, argv, 1, 1);
	g_autofree char *person = NULL;

	if (given == NULL)
		return command_usage(admin->command);
	person = address_fold(*given);
	return command_answer(admin, &activity_about, (const char *const[]){person, NULL},
			      report_table);
}

const struct command activity_commands[] = {
	{"activity list", "[--limit N] [ADDRESS | FINGERPRINT | USER]",
	 "list what people did to keys, trust, accounts and messages, newest first", list,
	 .reads = true, .example = "--limit 10 sue@partner.example"},
	{"activity about", "ADDRESS", "show everything on record about a person", about,
	 .reads = true, .example = "sue@partner.example"},
	{NULL, NULL, NULL, NULL},
};
