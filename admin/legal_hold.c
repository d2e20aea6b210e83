#include "admin/legal_hold.h"

#include <getopt.h>

#include "core/address.h"
#include "core/domain.h"
#include "core/identifier.h"

/* The address twice: as recipients are recorded, and as its owner may have written it as a sender.
 */
static const struct statement hold_add = {
	"hold_add",
	"select *, format(case when is_new then '%s: %s is on hold' else '%s: %s was on hold already' end, matter, held) as text "
	"from (select $1::text as matter, case when $2 <> '' then $2 else 'message ' || $4 end as held,"
	"  postseal.hold_add($1, case when $2 <> '' then array[$2, $3] end, nullif($4, '')::uuid, nullif($5, '')) as is_new) h"};
enum { IS_NEW = 2 };

static const struct statement hold_release = {
	"hold_release",
	"select *, matter || case when released > 0 then ': released' else ': was released already' end as text "
	"from (select $1::text as matter, postseal.hold_release($1, nullif($2, '')) as released) h"};
enum { RELEASED = 1 };

static const struct statement hold_list = {
	"hold_list",
	"select name as matter, person, message, made_at, made_by, reason, released_at, released_by, released_because "
	"from postseal.holds where released_at is null or $1 <> '' order by name, made_at"};

static int
print(const struct admin *admin, const PGresult *result)
{
	g_autoptr(json_t) rows = report_of(result);

	report_print(rows, admin->as_json, report_lines);
	return EXIT_GOOD;
}

/* --- add --- */

struct wanted {
	const char *matter, *person, *message, *reason;
};

/* False on wrong usage. */
static bool
read_wanted(struct wanted *wanted_r, int argc, char **argv)
{
	static const struct option options[] = {{"person", required_argument, NULL, 'p'},
						{"message", required_argument, NULL, 'm'},
						{"reason", required_argument, NULL, 'r'},
						{0}};
	int option;

	*wanted_r = (struct wanted){.reason = ""};
	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (option == 'p')
			wanted_r->person = optarg;
		else if (option == 'm')
			wanted_r->message = optarg;
		else if (option == 'r')
			wanted_r->reason = optarg;
		else
			return false;
	if (argc - optind != 1 || *argv[optind] == '\0')
		return false;
	wanted_r->matter = argv[optind];
	return (wanted_r->person == NULL) != (wanted_r->message == NULL);
}

/* "anna@bücher.example", in whichever form the domain was written. */
static char *
as_written(const struct address *address)
{
	g_autofree char *shown = domain_shown(address->domain);
	g_autofree char *local = g_strndup(address->key, (gsize)(address->domain - address->key));

	return g_strconcat(local, shown, NULL);
}

static int
hold_person(const struct admin *admin, const struct wanted *wanted)
{
	g_auto(address_auto) address = {0};
	g_autofree char *shown = NULL;
	struct fault fault;

	if (!address_parse(&address, wanted->person, &fault))
		return command_fail(&fault);
	shown = as_written(&address);
	return command_answer(
		admin, &hold_add,
		(const char *const[]){wanted->matter, address.key, shown, "", wanted->reason, NULL},
		report_lines);
}

static int
hold_message(const struct admin *admin, const struct wanted *wanted)
{
	g_autoptr(PGresult) result = NULL;
	struct identifier id;
	struct fault fault;

	if (!identifier_parse(&id, wanted->message))
		return command_missing("looking for the message %s: it is not an identifier as "
				       "shown by postseal message list",
				       wanted->message);
	if (!command_ask(
		    admin, &hold_add,
		    (const char *const[]){wanted->matter, "", "", id.text, wanted->reason, NULL},
		    &result, &fault))
		return command_fail(&fault);
	if (PQgetisnull(result, 0, IS_NEW))
		return command_missing("holding the message %s: there is no such message", id.text);
	return print(admin, result);
}

static int
add(const struct admin *admin, int argc, char **argv)
{
	struct wanted wanted;

	if (!read_wanted(&wanted, argc, argv))
		return command_usage(admin->command);
	return wanted.person != NULL ? hold_person(admin, &wanted) : hold_message(admin, &wanted);
}

/* --- list, release --- */

static int
list(const struct admin *admin, int argc, char **argv)
{
	bool all;

	if (command_operands_with(argc, argv, "all", &all, 0, 0) == NULL)
		return command_usage(admin->command);
	return command_answer(admin, &hold_list, (const char *const[]){all ? "all" : "", NULL},
			      report_table);
}

static int
release(const struct admin *admin, int argc, char **argv)
{
	static const struct option options[] = {{"reason", required_argument, NULL, 'r'}, {0}};
	const char *reason = "";
	g_autoptr(PGresult) result = NULL;
	struct fault fault;
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'r')
			return command_usage(admin->command);
		reason = optarg;
	}
	if (argc - optind != 1)
		return command_usage(admin->command);
	if (!command_ask(admin, &hold_release, (const char *const[]){argv[optind], reason, NULL},
			 &result, &fault))
		return command_fail(&fault);
	if (PQgetisnull(result, 0, RELEASED))
		return command_missing("releasing what is on hold for %s: nothing ever was",
				       argv[optind]);
	return print(admin, result);
}

const struct command legal_hold_commands[] = {
	{"legal-hold add", "NAME (--person ADDRESS | --message ID) [--reason TEXT]",
	 "keep what concerns a matter, whatever its time", add,
	 .example = "\"Case 7\" --person anna@example.com --reason \"Order of 26 November\"",
	 .former = "hold add"},
	{"legal-hold list", "[--all]", "list what is on hold, or ever was", list, .reads = true,
	 .example = "--all"},
	{"legal-hold release", "NAME [--reason TEXT]", "end the hold for a matter", release,
	 .example = "\"Case 7\" --reason settled"},
	{NULL, NULL, NULL, NULL},
};
