#include "admin/account.h"

#include "core/address.h"

static const struct statement account_list = {
	"command_accounts",
	"select a.address, date_trunc('second', a.created_at) as since, a.language, coalesce(a.wish, 'any') as wants,"
	" a.totp is not null as app, (select count(*) from postseal.passkey p where p.account = a.id) as passkeys,"
	" (select count(*) from postseal.parcel_key k where k.account = a.id and k.folder = 'inbox') as inbox "
	"from postseal.account a where $1 = '' or a.address = $1 or a.address like '%@' || $1 order by a.address"};

static const struct statement account_end = {
	"command_account_end",
	"select a.address, lost as messages_lost,"
	" 'deleted; messages lost: ' || lost || ' (their senders will be told)' as text "
	"from postseal.account a, postseal.account_end(a.address, 'the admin deleted the account') as lost"
	" where a.address = $1"};

static int
list(const struct admin *admin, int argc, char **argv)
{
	char **given = command_operands(argc, argv, 0, 1);
	g_autofree char *wanted = NULL;

	if (given == NULL)
		return command_usage(admin->command);
	wanted = address_fold(*given == NULL ? "" : *given);
	return command_answer(admin, &account_list, (const char *const[]){wanted, NULL},
			      report_table);
}

static int delete (const struct admin *admin, int argc, char **argv)
{
	char **given = command_operands(argc, argv, 1, 1);
	g_autofree char *address = given == NULL ? NULL : address_fold(*given);
	g_autoptr(PGresult) result = NULL;
	g_autoptr(json_t) rows = NULL;
	struct fault fault;

	if (address == NULL)
		return command_usage(admin->command);
	if (!command_ask(admin, &account_end, (const char *const[]){address, NULL}, &result,
			 &fault))
		return command_fail(&fault);
	if (PQntuples(result) == 0)
		return command_missing("deleting the account of %s: there is no such account",
				       address);
	rows = report_of(result);
	report_print(rows, admin->as_json, report_lines);
	return EXIT_GOOD;
}

const struct command account_commands[] = {
	{"account list", "[ADDRESS | DOMAIN]", "list portal accounts", list, .reads = true,
	 .example = "partner.example"},
	{"account delete", "ADDRESS",
	 "delete an account; messages that only it could open are lost", delete,
	 .example = "sue@partner.example"},
	{NULL, NULL, NULL, NULL},
};
