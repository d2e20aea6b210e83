#include "admin/approval.h"

#include <getopt.h>

#include "core/crash.h"
#include "core/identifier.h"

static const struct statement approval_list = {
	"approval_list",
	"select approval, date_trunc('second', held_at) as held_at, coalesce(decision, 'waits') as state, sender,"
	" array_to_string(recipients, ' ') as recipients, reason, date_trunc('second', expires_at) as expires_at "
	"from postseal.approvals where decision is null or (decision = 'released' and done_at is null) or $1 <> '' "
	"order by approvals.held_at"};

static const struct statement approval_find = {
	"approval_find",
	"select approval, message, coalesce(decision, 'waits') as state, sender, array_to_string(recipients, ' ') as recipients,"
	" reason, rule, officers, held_at, expires_at, decided_at, decided_by, decided_because, done_at, trouble "
	"from postseal.approvals where approval = $1"};

static const struct statement approval_decide = {"command_approval",
						 "select postseal.approval_decide($1, $2, $3, $4)"};

static const struct statement approval_outcome = {
	"command_approval_outcome",
	"select approval, $2::boolean as done, said, approval || ': ' || said as text from (select approval, case"
	"  when $2::boolean then decision when decision = 'expired' then 'its time was over: it is refused'"
	"  when decision is null then 'its time is over: it will be refused'"
	"  else 'it was ' || decision || ' already, by ' || decided_by end as said from postseal.approvals where approval = $1) a"};

static int
list(const struct admin *admin, int argc, char **argv)
{
	bool all;

	if (command_operands_with(argc, argv, "all", &all, 0, 0) == NULL)
		return command_usage(admin->command);
	return command_answer(admin, &approval_list, (const char *const[]){all ? "all" : "", NULL},
			      report_table);
}

/* False, with an exit status, if there is no such message. */
static bool
find(const struct admin *admin, const char *named, struct identifier *id_r, PGresult **found_r,
     int *status_r)
{
	struct fault fault;

	*found_r = NULL;
	if (!identifier_parse(id_r, named)) {
		*status_r = command_missing("looking for the message %s: it is not an identifier "
					    "as shown by `postseal hold list` (what is kept for a "
					    "legal matter: `postseal legal-hold list`)",
					    named);
		return false;
	}
	if (!command_ask(admin, &approval_find, (const char *const[]){id_r->text, NULL}, found_r,
			 &fault)) {
		*status_r = command_fail(&fault);
		return false;
	}
	if (PQntuples(*found_r) == 0)
		*status_r = command_missing(
			"looking for the message %s: none waits, or waited, for approval by that "
			"identifier",
			id_r->text);
	return PQntuples(*found_r) > 0;
}

static int
print(const struct admin *admin, const PGresult *result, report_form *form)
{
	g_autoptr(json_t) rows = report_of(result);

	report_print(rows, admin->as_json, form);
	return EXIT_GOOD;
}

static int
show(const struct admin *admin, int argc, char **argv)
{
	char **given = command_operands(argc, argv, 1, 1);
	g_autoptr(PGresult) found = NULL;
	struct identifier id;
	int status;

	if (given == NULL)
		return command_usage(admin->command);
	return find(admin, *given, &id, &found, &status) ? print(admin, found, report_records)
							 : status;
}

/* Whoever decided first has decided: the answer says so. */
static int
decide(const struct admin *admin, const struct identifier *id, const char *what, const char *reason)
{
	g_autoptr(PGresult) decided = NULL, outcome = NULL;
	struct fault fault;
	bool done;

	crash_point("hold-before-decision");
	if (!command_ask(admin, &approval_decide,
			 (const char *const[]){id->text, what, admin->actor, reason, NULL},
			 &decided, &fault))
		return command_fail(&fault);
	crash_point("hold-after-decision");
	done = result_flag(decided, 0, 0);
	if (!command_ask(admin, &approval_outcome,
			 (const char *const[]){id->text, done ? "true" : "false", NULL}, &outcome,
			 &fault))
		return command_fail(&fault);
	print(admin, outcome, report_lines);
	return done ? EXIT_GOOD : EXIT_MISSING;
}

static int
act(const struct admin *admin, int argc, char **argv, const char *what)
{
	static const struct option options[] = {{"reason", required_argument, NULL, 'r'}, {0}};
	g_autoptr(PGresult) found = NULL;
	const char *reason = "";
	struct identifier id;
	int option, status;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'r')
			return command_usage(admin->command);
		reason = optarg;
	}
	if (argc - optind != 1)
		return command_usage(admin->command);
	return find(admin, argv[optind], &id, &found, &status) ? decide(admin, &id, what, reason)
							       : status;
}

static int
release(const struct admin *admin, int argc, char **argv)
{
	return act(admin, argc, argv, "released");
}

static int
refuse(const struct admin *admin, int argc, char **argv)
{
	return act(admin, argc, argv, "refused");
}

static const char example[] = "01a20d7c-90c6-7637-90e1-6481ec755f5a";

const struct command approval_commands[] = {
	{"hold list", "[--all]", "list what waits for approval, or ever did", list, .reads = true,
	 .example = "--all", .former = "approval list"},
	{"hold show", "ID", "show what is known of a message that waits for approval", show,
	 .reads = true, .example = example, .former = "approval show"},
	{"hold release", "ID [--reason TEXT]",
	 "send a message that waits for approval, as the other rules say", release,
	 .example = "01a20d7c-90c6-7637-90e1-6481ec755f5a --reason \"The figures are public.\"",
	 .former = "approval release"},
	{"hold refuse", "ID [--reason TEXT]",
	 "refuse a message that waits for approval, and tell its sender why", refuse,
	 .example = "01a20d7c-90c6-7637-90e1-6481ec755f5a --reason \"Use the data room.\"",
	 .former = "approval refuse"},
	{NULL, NULL, NULL, NULL},
};
