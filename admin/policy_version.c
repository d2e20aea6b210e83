#include "admin/policy_version.h"

#include <getopt.h>
#include <string.h>

#include "policy/policy.h"

static const struct statement versions_list = {
	"policy_versions",
	"select date_trunc('second', since) as since, date_trunc('second', until) as until, program, node, left(digest, 12) as version,"
	" occasion, file, file_owner, date_trunc('second', file_changed_at) as file_changed_at, declared_by, declared_because "
	"from postseal.policies order by policies.since desc limit $1::bigint"};

static const struct statement versions_declare = {
	"policy_declare", "select postseal.policy_declare($1, $2, $3, nullif($4, ''))"};

static const struct statement declared = {
	"policy_declared",
	"select left($1, 12) as version, 'version ' || left($1, 12) || ' is declared; it comes into force when the programs load it'"
	" as text"};

/* The one version that begins so; without a text, what came into force last. `count` tells none
 * from several. */
static const struct statement version_find = {
	"policy_version_find",
	"select case when count(*) = 1 then min(digest) end as digest, count(*) as count from ("
	" select distinct digest from postseal.policies where $1 <> '' and starts_with(digest, lower($1))"
	" union select digest from (select digest from postseal.policies where $1 = '' order by since desc limit 1) last) v"};
enum { DIGEST, COUNT };

/* What it replaced when it came into force last. */
static const struct statement version_before = {
	"policy_version_before",
	"select former from postseal.policies where digest = $1 order by since desc limit 1"};

static const struct statement versions_compare = {
	"policy_difference",
	"select change, file, line, content from postseal.policy_difference($1, $2)"};

static int
versions(const struct admin *admin, int argc, char **argv)
{
	static const struct option options[] = {{"limit", required_argument, NULL, 'l'}, {0}};
	const char *limit = "50";
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'l' || !command_limit(optarg))
			return command_usage(admin->command);
		limit = optarg;
	}
	if (argc > optind)
		return command_usage(admin->command);
	return command_answer(admin, &versions_list, (const char *const[]){limit, NULL},
			      report_table);
}

static int
declare(const struct admin *admin, int argc, char **argv)
{
	static const struct option options[] = {{"reason", required_argument, NULL, 'r'}, {0}};
	const char *digest = policy_digest(admin->policy), *reason = "";
	g_autoptr(PGresult) result = NULL;
	struct fault fault;
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'r')
			return command_usage(admin->command);
		reason = optarg;
	}
	if (argc > optind)
		return command_usage(admin->command);
	if (!command_ask(admin, &versions_declare,
			 (const char *const[]){digest, policy_text(admin->policy),
					       policy_files(admin->policy), reason, NULL},
			 &result, &fault))
		return command_fail(&fault);
	return command_answer(admin, &declared, (const char *const[]){digest, NULL}, report_lines);
}

/* EXIT_GOOD, or the status after a complaint. */
static int
find_version(const struct admin *admin, const char *text, char **digest_r)
{
	g_autoptr(PGresult) result = NULL;
	struct fault fault;

	if (!command_ask(admin, &version_find, (const char *const[]){text, NULL}, &result, &fault))
		return command_fail(&fault);
	*digest_r = g_strdup(result_text(result, 0, DIGEST));
	if (*digest_r != NULL)
		return EXIT_GOOD;
	if (*text == '\0')
		return command_missing(
			"looking for the policy in force: no program has loaded one");
	return command_missing("looking for the policy %s: %s", text,
			       strcmp(result_text(result, 0, COUNT), "0") == 0
				       ? "there was no such version in force"
				       : "several versions begin so");
}

static int
find_former(const struct admin *admin, const char *digest, char **former_r)
{
	g_autoptr(PGresult) result = NULL;
	struct fault fault;

	if (!command_ask(admin, &version_before, (const char *const[]){digest, NULL}, &result,
			 &fault))
		return command_fail(&fault);
	*former_r = g_strdup(result_text(result, 0, 0));
	return *former_r != NULL ? EXIT_GOOD
				 : command_missing("comparing the policy %.12s: it is the first "
						   "that is on record",
						   digest);
}

static int
diff(const struct admin *admin, int argc, char **argv)
{
	char **given = command_operands(argc, argv, 0, 2);
	g_autofree char *former = NULL, *latter = NULL;
	int status;

	if (given == NULL)
		return command_usage(admin->command);
	if (given[0] != NULL && given[1] != NULL) {
		status = find_version(admin, given[0], &former);
		if (status == EXIT_GOOD)
			status = find_version(admin, given[1], &latter);
	} else {
		status = find_version(admin, given[0] == NULL ? "" : given[0], &latter);
		if (status == EXIT_GOOD)
			status = find_former(admin, latter, &former);
	}
	if (status != EXIT_GOOD)
		return status;
	return command_answer(admin, &versions_compare, (const char *const[]){former, latter, NULL},
			      report_table);
}

const struct command policy_version_commands[] = {
	{"policy versions", "[--limit N]",
	 "list the policies that came into force, newest first, and who declared them", versions,
	 .reads = true, .example = "--limit 10"},
	{
		"policy diff",
		"[[FORMER] VERSION]",
		"show what a policy changed",
		diff,
		.reads = true,
	},
	{"policy declare", "[--reason TEXT]",
	 "put on record that the policy in the file is to come into force, and why", declare,
	 .needs_rules = true, .example = "--reason \"Ticket 4711: Partner Ltd. has a gateway\""},
	{NULL, NULL, NULL, NULL},
};
