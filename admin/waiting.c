#include "admin/waiting.h"

#include "admin/message.h"
#include "core/address.h"

/* --- message recall --- */

/* Of all recipients, or one of them, who have not read it. */
static const struct statement recall = {
	"command_recall",
	"with gone as (delete from postseal.parcel_key k using postseal.copy c"
	"  where c.id = k.copy and c.message = $1 and ($2 = '' or c.address = $2) and k.opened_at is null"
	"  returning c.id, c.recipient) "
	"select recipient, 'recalled for ' || recipient as text from gone"
	" where postseal.copy_move(id, 'recalled', 'by ' || $3 || ', unread')"};

static int
recall_message(const struct admin *admin, int argc, char **argv)
{
	g_autofree char *recipient = NULL;
	g_autoptr(PGresult) result = NULL;
	g_autoptr(json_t) rows = NULL;
	char **given = command_operands(argc, argv, 1, 2);
	struct identifier message;
	struct fault fault;

	if (given == NULL)
		return command_usage(admin->command);
	if (!message_named(&message, given[0]))
		return EXIT_MISSING;
	recipient = address_fold(given[1] == NULL ? "" : given[1]);
	if (!command_ask(admin, &recall,
			 (const char *const[]){message.text, recipient, admin->actor, NULL},
			 &result, &fault))
		return command_fail(&fault);
	if (PQntuples(result) == 0)
		return command_missing("recalling %s: no recipient has it waiting unread",
				       message.text);
	rows = report_of(result);
	report_print(rows, admin->as_json, report_lines);
	return EXIT_GOOD;
}

const struct command waiting_commands[] = {
	{"message recall", "MESSAGE [RECIPIENT]", "recall what is waiting unread in the portal",
	 recall_message, .example = "01a20d7c-90c6-7637-90e1-6481ec755f5a sue@partner.example"},
	{NULL, NULL, NULL, NULL},
};
