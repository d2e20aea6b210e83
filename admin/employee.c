#include "admin/employee.h"

#include <getopt.h>
#include <stdio.h>

#include "core/address.h"
#include "keystore/keystore.h"

static const struct statement employee_list = {
	"employee_list",
	"select address, deputy, date_trunc('second', left_at) as left_at, noted_by,"
	" (select count(*) from postseal.retired_key r where r.address = e.address) as retired_keys,"
	" (select count(*) from postseal.parcel p join postseal.parcel_key k on k.parcel = p.id"
	"  where lower(p.sender) = e.address and k.opened_at is null and k.copy is not null) as waiting_unread "
	"from postseal.left_employee e where $1 = '' or address = $1 or deputy = $1 order by address"};

static const struct statement employee_leave = {
	"employee_leave",
	"select what, subject, count, what || ': ' || case when what = 'key retired' then subject"
	"  else count || ' (' || subject || ')' end as text "
	"from postseal.employee_leave($1, nullif($2, ''), $3)"};

static const struct statement employee_return = {
	"employee_return",
	"select what, subject, count, what || ': ' || subject as text from postseal.employee_return($1)"};

/* Codes can open mail, so they stay with the employees. Caller frees; NULL: the admin has been told
 * why. */
static char *
employee_named(const struct admin *admin, const char *text)
{
	g_autofree char *address = address_fold(text);

	if (keystore_is_employee(admin->settings->domains, address))
		return g_steal_pointer(&address);
	command_missing("%s is not an address in the organisation's own domains", text);
	return NULL;
}

static int
list(const struct admin *admin, int argc, char **argv)
{
	return command_answer_about(admin, argc, argv, &employee_list, report_table);
}

static int
leave(const struct admin *admin, int argc, char **argv)
{
	static const struct option options[] = {{"deputy", required_argument, NULL, 'd'}, {0}};
	g_autofree char *address = NULL, *deputy = g_strdup("");
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'd')
			return command_usage(admin->command);
		g_free(deputy);
		deputy = employee_named(admin, optarg);
		if (deputy == NULL)
			return EXIT_MISSING;
	}
	if (argc - optind != 1)
		return command_usage(admin->command);
	address = employee_named(admin, argv[optind]);
	if (address == NULL)
		return EXIT_MISSING;
	if (*deputy == '\0')
		fputs("postseal: warning: there is no deputy: unlock codes and reports still go to "
		      "the address of whoever left\n",
		      stderr);
	return command_answer(admin, &employee_leave,
			      (const char *const[]){address, deputy, admin->actor, NULL},
			      report_lines);
}

static int
come_back(const struct admin *admin, int argc, char **argv)
{
	char **given = command_operands(argc, argv, 1, 1);
	g_autofree char *address = NULL;
	g_autoptr(PGresult) result = NULL;
	g_autoptr(json_t) rows = NULL;
	struct fault fault;

	if (given == NULL)
		return command_usage(admin->command);
	address = address_fold(*given);
	if (!command_ask(admin, &employee_return, (const char *const[]){address, NULL}, &result,
			 &fault))
		return command_fail(&fault);
	if (PQntuples(result) == 0)
		return command_missing("%s is not on record as having left", address);
	rows = report_of(result);
	report_print(rows, admin->as_json, report_lines);
	return EXIT_GOOD;
}

const struct command employee_commands[] = {
	{"employee list", "[ADDRESS]", "list employees who have left, and their deputies", list,
	 .reads = true},
	{"employee leave", "[--deputy ADDRESS] ADDRESS",
	 "retire the keys of an employee, and let a deputy see to their messages", leave,
	 .example = "--deputy berta@example.com anna@example.com"},
	{"employee return", "ADDRESS", "undo employee leave", come_back,
	 .example = "anna@example.com"},
	{NULL, NULL, NULL, NULL},
};
