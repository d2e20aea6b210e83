#include "admin/message.h"

#include <getopt.h>

#include "admin/explain.h"
#include "core/address.h"

static const struct statement message_list = {
	"message_list",
	"select date_trunc('second', offered_at) as offered_at, queue_id, method, state, sender, recipient, message "
	"from postseal.log "
	"where $1 = '' or postseal.address_key(sender) = $1 or address = $1 or queue_id = $3 "
	"order by log.offered_at desc, recipient limit $2::bigint"};

static const struct statement message_find = {
	"message_find",
	"select distinct message, offered_at, queue_id, sender, authenticated, message_id, size from postseal.log"
	" where message = $1"};

static const struct statement message_copies = {
	"message_copies",
	"select recipient, method, state, state_at, state_detail, reason, rule_line as line, rule, policy, to_jsonb(keys) as keys,"
	" signed_by, trace from postseal.log where message = $1 and ($2 = '' or address = $2)"
	" order by recipient, decided_at"};

static const struct statement message_history = {
	"message_history",
	"select at, what, recipient, detail from postseal.history where message = $1 order by at"};

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
	return command_answer(
		admin, &message_list,
		(const char *const[]){wanted, limit, optind < argc ? argv[optind] : "", NULL},
		report_table);
}

static bool
ask(const struct admin *admin, const struct statement *statement, const char *const *texts,
    json_t **rows_r, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!command_ask(admin, statement, texts, &result, fault))
		return false;
	*rows_r = report_of(result);
	return true;
}

bool
message_named(struct identifier *id_r, const char *text)
{
	bool is_one = identifier_parse(id_r, text);

	if (!is_one)
		command_missing("looking for the message %s: it is not an identifier as shown by "
				"`postseal message list`",
				text);
	return is_one;
}

/* --- show --- */

/* The message, its copies and its history, as a table each. */
static void
print_message(FILE *file, const json_t *rows)
{
	const json_t *message = json_array_get(rows, 0);
	g_autoptr(json_t) head = json_copy((json_t *)message);
	g_autoptr(json_t) heads = json_pack("[O]", head);

	json_object_del(head, "copies");
	report_records(file, heads);
	fputc('\n', file);
	report_records(file, json_object_get(message, "copies"));
	fputs("\nhistory\n", file);
	report_table(file, json_object_get(message, "history"));
}

static int
show(const struct admin *admin, int argc, char **argv)
{
	g_autoptr(json_t) rows = NULL, copies = NULL, history = NULL;
	char **given = command_operands(argc, argv, 1, 1);
	struct identifier id;
	struct fault fault;

	if (given == NULL)
		return command_usage(admin->command);
	if (!message_named(&id, *given))
		return EXIT_MISSING;
	if (!ask(admin, &message_find, (const char *const[]){id.text, NULL}, &rows, &fault) ||
	    !ask(admin, &message_copies, (const char *const[]){id.text, "", NULL}, &copies,
		 &fault) ||
	    !ask(admin, &message_history, (const char *const[]){id.text, NULL}, &history, &fault))
		return command_fail(&fault);
	if (json_array_size(rows) == 0)
		return command_missing("looking for the message %s: there is no such message",
				       id.text);
	json_object_set(json_array_get(rows, 0), "copies", copies);
	json_object_set(json_array_get(rows, 0), "history", history);
	report_print(rows, admin->as_json, print_message);
	return EXIT_GOOD;
}

/* --- why --- */

static int
why(const struct admin *admin, int argc, char **argv)
{
	g_autofree char *recipient = NULL;
	g_autoptr(json_t) copies = NULL;
	char **given = command_operands(argc, argv, 1, 2);
	struct identifier id;
	struct fault fault;

	if (given == NULL)
		return command_usage(admin->command);
	if (!message_named(&id, given[0]))
		return EXIT_MISSING;
	recipient = address_fold(given[1] == NULL ? "" : given[1]);
	if (!ask(admin, &message_copies, (const char *const[]){id.text, recipient, NULL}, &copies,
		 &fault))
		return command_fail(&fault);
	if (json_array_size(copies) == 0)
		return command_missing("explaining the message %s: there is no such message%s%s",
				       id.text, *recipient == '\0' ? "" : " to ", recipient);
	report_print(copies, admin->as_json, explain_print);
	return EXIT_GOOD;
}

static const char example[] = "01a20d7c-90c6-7637-90e1-6481ec755f5a";

const struct command message_commands[] = {
	{"message list", "[--limit N] [ADDRESS | QUEUE-ID]", "list messages, newest first", list,
	 .reads = true, .example = "--limit 10 sue@partner.example"},
	{"message show", "MESSAGE", "show everything on record about a message", show,
	 .reads = true, .example = example},
	{"message why", "MESSAGE [RECIPIENT]",
	 "show rule by rule why each copy of a message was sent the way it was", why, .reads = true,
	 .example = example},
	{NULL, NULL, NULL, NULL},
};
