#include "admin/account.h"

#include "admin/secrets.h"
#include "core/address.h"
#include "core/catalogue.h"
#include "delivery/outbox/proof.h"

static const struct statement account_list = {
	"command_accounts",
	"select a.address, date_trunc('second', a.created_at) as since, a.language, coalesce(a.wish, 'any') as wants, a.notices,"
	" a.totp is not null as app, (select count(*) from postseal.passkey p where p.account = a.id) as passkeys,"
	" (select count(*) from postseal.parcel_key k where k.account = a.id and k.folder = 'inbox') as inbox "
	"from postseal.account a where $1 = '' or a.address = $1 or a.address like '%@' || $1 order by a.address"};

static const struct statement account_end = {
	"command_account_end",
	"select a.address, lost as messages_lost,"
	" 'deleted; messages lost: ' || lost || ' (their senders will be told)' as text "
	"from postseal.account a, postseal.account_end(a.address, $2 || ' deleted the account') as lost"
	" where a.address = $1"};

static int
list(const struct admin *admin, int argc, char **argv)
{
	return command_answer_about(admin, argc, argv, &account_list, report_table);
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
	if (!command_ask(admin, &account_end, (const char *const[]){address, admin->actor, NULL},
			 &result, &fault))
		return command_fail(&fault);
	if (PQntuples(result) == 0)
		return command_missing("deleting the account of %s: there is no such account",
				       address);
	rows = report_of(result);
	report_print(rows, admin->as_json, report_lines);
	return EXIT_GOOD;
}

/* --- reset --- */

static const struct statement account_owner = {
	"command_account_owner", "select shown, language from postseal.account where address = $1"};

static const struct statement account_reset = {
	"command_account_reset",
	"select what, count, what || ': ' || count as text from postseal.account_reset($1, $2)"};

/* Makes a link with which the owner can create the account again, in the open transaction. */
static bool
invite(const struct admin *admin, struct connection *connection, const char *address,
       const PGresult *owner, struct fault *fault)
{
	const struct proof proof = {.address = address,
				    .shown = PQgetvalue(owner, 0, 0),
				    .language = PQgetvalue(owner, 0, 1),
				    .is_reset = true};
	struct seal_key courier;
	const struct notice notice = {.settings = admin->settings,
				      .courier = &courier,
				      .connection = connection,
				      .smtputf8 = !g_str_is_ascii(proof.shown)};

	return secrets_courier(admin, connection, &courier, fault) &&
	       catalogue_start(admin->settings->portal_pages, fault) &&
	       batch_begin(connection, fault) && proof_mail(&notice, &proof, fault) &&
	       batch_end_transaction(connection, fault) && batch_commit(connection, fault);
}

/* *rows_r: NULL if there is no such account. */
static bool
reset_account(const struct admin *admin, const char *address, json_t **rows_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(admin->database, fault);
	g_autoptr(PGresult) owner = NULL, ended = NULL;
	struct parameters parameters = {0};

	parameters_text(&parameters, address);
	if (connection == NULL || !transaction_begin(connection, fault) ||
	    !connection_execute(connection, &account_owner, &parameters, &owner, fault))
		return false;
	if (PQntuples(owner) == 0)
		return true;
	parameters_text(&parameters, admin->actor);
	if (!connection_execute(connection, &account_reset, &parameters, &ended, fault) ||
	    !invite(admin, connection, address, owner, fault))
		return false;
	*rows_r = report_of(ended);
	return true;
}

static int
reset(const struct admin *admin, int argc, char **argv)
{
	char **given = command_operands(argc, argv, 1, 1);
	g_autofree char *address = given == NULL ? NULL : address_fold(*given);
	g_autoptr(json_t) rows = NULL;
	struct fault fault;

	if (address == NULL)
		return command_usage(admin->command);
	if (!reset_account(admin, address, &rows, &fault))
		return command_fail(&fault);
	if (rows == NULL)
		return command_missing("resetting the account of %s: there is no such account",
				       address);
	report_print(rows, admin->as_json, report_lines);
	return EXIT_GOOD;
}

const struct command account_commands[] = {
	{"account list", "[ADDRESS | DOMAIN]", "list portal accounts", list, .reads = true,
	 .example = "partner.example"},
	{"account reset", "ADDRESS",
	 "end the account of somebody who lost everything, and mail them a link to a new one",
	 reset, .example = "sue@partner.example"},
	{"account delete", "ADDRESS",
	 "delete an account; messages that only it could open are lost", delete,
	 .example = "sue@partner.example"},
	{NULL, NULL, NULL, NULL},
};
