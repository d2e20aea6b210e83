#include "admin/waiting.h"

#include "admin/message.h"
#include "core/address.h"

/* Each reports for every copy whether it was done, or why not. */
static const struct statement recall = {
	"command_recall",
	"select recipient, done, said, recipient || ': ' || said as text from postseal.message_recall($1, $2, $3)"};

static const struct statement resend = {
	"command_resend",
	"select recipient, done, said, recipient || ': ' || said as text from postseal.message_resend($1, $2, $3)"};

static const struct statement new_code = {
	"command_new_code",
	"select recipient, done, said, recipient || ': ' || said as text from postseal.message_new_code($1, $2, $3)"};

static bool
is_any_done(const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach((json_t *)rows, i,
			   row) if (json_is_true(json_object_get(row, "done"))) return true;
	return false;
}

/* Applies to the copies of a message, or to the one for a given recipient. */
static int
act(const struct admin *admin, const struct statement *statement, int argc, char **argv)
{
	char **given = command_operands(argc, argv, 1, 2);
	g_autofree char *recipient = NULL;
	g_autoptr(PGresult) result = NULL;
	g_autoptr(json_t) rows = NULL;
	struct identifier message;
	struct fault fault;

	if (given == NULL)
		return command_usage(admin->command);
	if (!message_named(&message, given[0]))
		return EXIT_MISSING;
	recipient = address_fold(given[1] == NULL ? "" : given[1]);
	if (!command_ask(admin, statement,
			 (const char *const[]){message.text, recipient, admin->actor, NULL},
			 &result, &fault))
		return command_fail(&fault);
	if (PQntuples(result) == 0)
		return command_missing("looking for the message %s: there is no such message%s%s",
				       message.text, *recipient == '\0' ? "" : " to ", recipient);
	rows = report_of(result);
	report_print(rows, admin->as_json, report_lines);
	return is_any_done(rows) ? EXIT_GOOD : EXIT_MISSING;
}

bool
waiting_recall(const struct admin *admin, const char *message, unsigned *count_r,
	       struct fault *fault)
{
	const struct database_settings writable = {.url = admin->settings->database,
						   .actor = admin->actor};
	char *arguments[] = {(char *)waiting_commands->words, (char *)message, NULL};
	const char *const texts[] = {message, "", admin->actor, NULL};
	struct admin recalling = *admin;
	g_autoptr(PGresult) result = NULL;
	bool done;

	*count_r = 0;
	recalling.command = waiting_commands; /* message recall */
	recalling.database = database_new(&writable);
	done = command_record(&recalling, 2, arguments, fault) &&
	       command_ask(&recalling, &recall, texts, &result, fault);
	for (int row = 0; done && row < PQntuples(result); row++)
		*count_r += result_flag(result, row, 1);
	database_free(recalling.database);
	return done;
}

static int
recall_message(const struct admin *admin, int argc, char **argv)
{
	return act(admin, &recall, argc, argv);
}

static int
resend_message(const struct admin *admin, int argc, char **argv)
{
	return act(admin, &resend, argc, argv);
}

static int
make_code(const struct admin *admin, int argc, char **argv)
{
	return act(admin, &new_code, argc, argv);
}

static const char example[] = "01a20d7c-90c6-7637-90e1-6481ec755f5a sue@partner.example";

const struct command waiting_commands[] = {
	{"message recall", "MESSAGE [RECIPIENT]", "recall what is waiting unread in the portal",
	 recall_message, .example = example},
	{"message resend", "MESSAGE [RECIPIENT]",
	 "send again what has not arrived, as far as nothing can arrive twice", resend_message,
	 .example = example},
	{"message new-code", "MESSAGE [RECIPIENT]",
	 "make a new link for a recipient and a new unlock code for the sender", make_code,
	 .example = example},
	{NULL, NULL, NULL, NULL},
};
