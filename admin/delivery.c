#include "admin/delivery.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "core/address.h"
#include "delivery/plan.h"
#include "delivery/signers.h"
#include "mail/addresses.h"

/* --- policy explain --- */

static void
explain_rules(const struct copy *copy)
{
	size_t i;
	json_t *step;

	json_array_foreach(copy->decision.trace, i, step)
	{
		const json_t *because = json_object_get(step, "because_not");

		printf("  line %-4lld %s\n",
		       (long long)json_integer_value(json_object_get(step, "line")),
		       json_string_value(json_object_get(step, "rule")));
		if (because == NULL)
			puts("            matches: this rule decides");
		else
			printf("            does not match: %s\n", json_string_value(because));
	}
}

static void
explain_methods(const struct copy *copy)
{
	size_t i;
	json_t *tried;

	json_array_foreach(copy->tried, i, tried) printf(
		"  %-9s %s: %s\n", json_string_value(json_object_get(tried, "method")),
		json_is_true(json_object_get(tried, "possible")) ? "available" : "not available",
		json_string_value(json_object_get(tried, "because")));
}

static void
explain_copy(const struct copy *copy)
{
	printf("%s\n", copy->recipient->address);
	explain_rules(copy);
	explain_methods(copy);
	printf("  => %s: %s\n", copy->method == NULL ? "refused" : copy->method->name,
	       copy->reason == NULL ? copy->decision.reject == NULL
					      ? "no allowed method is available"
					      : copy->decision.reject
				    : copy->reason);
	for (guint i = 0; copy->keys != NULL && i < copy->keys->len; i++)
		printf("     key %s\n",
		       ((const struct key *)g_ptr_array_index(copy->keys, i))->fingerprint);
}

static json_t *
copy_json(const struct copy *copy)
{
	json_t *keys = json_array();

	for (guint i = 0; copy->keys != NULL && i < copy->keys->len; i++)
		json_array_append_new(
			keys, json_string(((const struct key *)g_ptr_array_index(copy->keys, i))
						  ->fingerprint));
	return json_pack("{s:s, s:s?, s:s?, s:i, s:s, s:o, s:o}", "recipient",
			 copy->recipient->address, "method",
			 copy->method == NULL ? NULL : copy->method->name, "reason",
			 copy->reason == NULL ? copy->decision.reject : copy->reason, "line",
			 (int)copy->decision.line, "rule", copy->decision.rule, "keys", keys,
			 "trace", copy_trace(copy));
}

static void
print_plan(const struct plan *plan, bool as_json)
{
	g_autoptr(json_t) list = json_array();

	for (guint i = 0; i < plan->copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(plan->copies, i);

		if (as_json)
			json_array_append_new(list, copy_json(copy));
		else
			explain_copy(copy);
	}
	if (as_json) {
		json_dumpf(list, stdout, JSON_INDENT(2));
		puts("");
	} else if (plan->refused != NULL) {
		printf("the whole message is refused: %s\n", plan->refusal.text);
	}
}

static bool
read_message(struct message *message, const char *path, struct fault *fault)
{
	g_autoptr(FILE) file = NULL;

	if (path == NULL)
		return true;
	file = strcmp(path, "-") == 0 ? fdopen(dup(STDIN_FILENO), "r") : fopen(path, "re");
	if (file == NULL)
		return fault_set(fault, FAULT_INPUT, "reading %s: %s", path, strerror(errno));
	return message_read(message, file, fault) || fault_within(fault, "reading %s", path);
}

static int
explain_message(const struct admin *admin, const struct message *message, bool as_json)
{
	const struct keystore_settings keys = {.database = admin->database,
					       .keeper = admin->settings->keeper_socket};
	struct keystore *keystore = keystore_new(&keys);
	/* Without a message, its author is its sender. */
	g_autofree char *from = message->fields->len == 0 ? g_strdup(message->sender_folded)
							  : addresses_from(message);
	struct surroundings around = {.settings = admin->settings,
				      .policy = admin->policy,
				      .database = admin->database,
				      .keystore = keystore,
				      .message = message,
				      .from = from};
	struct plan plan = {0};
	struct fault fault;
	bool planned = signers_find(&around, &fault) && plan_init(&plan, &around, &fault);

	if (planned)
		print_plan(&plan, as_json);
	plan_clear(&plan);
	signers_clear(&around);
	keystore_free(keystore);
	return planned ? EXIT_GOOD : command_fail(&fault);
}

/* Adds what an option names, as if a mail program had. */
static bool
add_to_envelope(struct message *message, int option, const char *path, struct fault *fault)
{
	static const char *const utf8[] = {"SMTPUTF8", NULL};
	const struct envelope_argument argument = {.path = path, .parameters = (char *const *)utf8};

	return option == 'f' ? message_set_sender(message, &argument, fault)
			     : message_add_recipient(message, &argument, fault);
}

static int
explain(const struct admin *admin, int argc, char **argv)
{
	static const struct option options[] = {{"from", required_argument, NULL, 'f'},
						{"to", required_argument, NULL, 't'},
						{"login", required_argument, NULL, 'l'},
						{"json", no_argument, NULL, 'j'},
						{0}};
	const struct spool_settings spool = {.directory = g_get_tmp_dir(), .memory_max = 8 << 20};
	g_autoptr(message_auto) message = message_new(&spool);
	bool as_json = false;
	struct fault fault;
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if ((option == 'f' && message->sender == NULL) || option == 't') {
			if (!add_to_envelope(message, option, optarg, &fault))
				return command_fail(&fault);
		} else if (option == 'l' && message->authenticated == NULL) {
			message->authenticated = g_strdup(optarg);
		} else if (option == 'j') {
			as_json = true;
		} else {
			return command_usage(&delivery_commands[0]);
		}
	}
	if (message->sender == NULL || message->recipients->len == 0 || argc - optind > 1)
		return command_usage(&delivery_commands[0]);
	if (!read_message(message, optind < argc ? argv[optind] : NULL, &fault))
		return command_fail(&fault);
	return explain_message(admin, message, as_json);
}

/* --- outbox list --- */

static const struct statement outbox_list = {
	"outbox_list",
	"select o.id, o.kind, case when o.state = 'sending' then coalesce('with ' || postseal.courier_host(o.courier), o.state)"
	" else o.state end, o.attempts, to_char(o.created_at, 'YYYY-MM-DD HH24:MI:SS'),"
	" to_char(o.next_attempt_at, 'YYYY-MM-DD HH24:MI:SS'), coalesce(o.last_reply, '-'),"
	" (select string_agg(r.address, ' ' order by r.number) from postseal.outbox_recipient r"
	"  where r.outbox = o.id) "
	"from postseal.outbox o order by o.created_at limit 1000"};

static const struct statement parcels_waiting = {
	"parcels_waiting", "select count(*) from postseal.parcel where issued_at is null"};

static int
list_outbox(const struct admin *admin, int argc, char **argv)
{
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(PGresult) result = NULL;
	g_autoptr(PGresult) parcels = NULL;
	struct fault fault;

	(void)argv;
	if (argc != 1)
		return command_usage(&delivery_commands[1]);
	connection = database_take(admin->database, &fault);
	if (connection == NULL ||
	    !connection_execute(connection, &outbox_list, NULL, &result, &fault) ||
	    !connection_execute(connection, &parcels_waiting, NULL, &parcels, &fault))
		return command_fail(&fault);
	for (int row = 0; row < PQntuples(result); row++)
		printf("%s  %-6s %-7s since %s, %s attempts, next %s, to <%s>\n    last reply: %s\n",
		       PQgetvalue(result, row, 0), PQgetvalue(result, row, 1),
		       PQgetvalue(result, row, 2), PQgetvalue(result, row, 4),
		       PQgetvalue(result, row, 3), PQgetvalue(result, row, 5),
		       PQgetvalue(result, row, 7), PQgetvalue(result, row, 6));
	printf("%d in the outbox; %s parked messages are waiting for links and codes\n",
	       PQntuples(result), PQgetvalue(parcels, 0, 0));
	return EXIT_GOOD;
}

/* --- outbox takeover --- */

static const struct statement take_over = {"outbox_take_over",
					   "select postseal.outbox_take_over($1)"};

static int
take_over_outbox(const struct admin *admin, int argc, char **argv)
{
	g_autoptr(PGresult) result = NULL;
	struct fault fault;

	if (argc != 2)
		return command_usage(&delivery_commands[2]);
	if (!command_ask(admin, &take_over, (const char *const[]){argv[1], NULL}, &result, &fault))
		return command_fail(&fault);
	printf("%s messages that may be with the MTA of %s will be sent again by the other "
	       "couriers, once no courier has them in hand; they may arrive twice\n",
	       PQgetvalue(result, 0, 0), argv[1]);
	return EXIT_GOOD;
}

/* --- message recall --- */

/* Of all recipients, or one of them, who have not read it. */
static const struct statement recall = {
	"command_recall",
	"with gone as (delete from postseal.parcel_key k using postseal.copy c"
	"  where k.copy = c.id and c.message = $1 and ($2 = '' or c.address = $2) and k.opened_at is null"
	"  returning c.id, c.recipient) "
	"select recipient from gone where postseal.copy_move(id, 'recalled', 'by the admin, unread')"};

static int
recall_message(const struct admin *admin, int argc, char **argv)
{
	g_autofree char *recipient = argc > 2 ? address_fold(argv[2]) : g_strdup("");
	g_autoptr(PGresult) result = NULL;
	struct identifier message;
	struct fault fault;

	if (argc < 2 || argc > 3)
		return command_usage(&delivery_commands[3]);
	if (!identifier_parse(&message, argv[1])) {
		fault_set(&fault, FAULT_INPUT,
			  "recalling %s: it is not an identifier as shown by `postseal message "
			  "list`",
			  argv[1]);
		return command_fail(&fault);
	}
	if (!command_ask(admin, &recall, (const char *const[]){message.text, recipient, NULL},
			 &result, &fault))
		return command_fail(&fault);
	for (int row = 0; row < PQntuples(result); row++)
		printf("recalled for %s\n", PQgetvalue(result, row, 0));
	if (PQntuples(result) > 0)
		return EXIT_GOOD;
	fault_set(&fault, FAULT_INPUT, "recalling %s: no recipient has it waiting unread", argv[1]);
	return command_fail(&fault);
}

/* --- accounts of the portal --- */

static const struct statement account_list = {
	"command_accounts",
	"select a.address, to_char(a.created_at, 'YYYY-MM-DD'), a.language, coalesce(a.wish, '-'), a.totp is not null,"
	" (select count(*) from postseal.passkey p where p.account = a.id),"
	" (select count(*) from postseal.parcel_key k where k.account = a.id and k.folder = 'inbox') "
	"from postseal.account a where $1 = '' or a.address = $1 or a.address like '%@' || $1 order by a.address"};

static const struct statement account_end = {
	"command_account_end",
	"select postseal.account_end(a.address, 'the admin deleted the account') from postseal.account a"
	" where a.address = $1"};

static int
list_accounts(const struct admin *admin, int argc, char **argv)
{
	g_autofree char *wanted = argc > 1 ? address_fold(argv[1]) : g_strdup("");
	g_autoptr(PGresult) result = NULL;
	struct fault fault;

	if (!command_ask(admin, &account_list, (const char *const[]){wanted, NULL}, &result,
			 &fault))
		return command_fail(&fault);
	for (int row = 0; row < PQntuples(result); row++)
		printf("%s  since %s  language %s  wants %s  app %s  passkeys %s  inbox %s\n",
		       PQgetvalue(result, row, 0), PQgetvalue(result, row, 1),
		       PQgetvalue(result, row, 2), PQgetvalue(result, row, 3),
		       result_flag(result, row, 4) ? "yes" : "no", PQgetvalue(result, row, 5),
		       PQgetvalue(result, row, 6));
	return EXIT_GOOD;
}

static int
delete_account(const struct admin *admin, int argc, char **argv)
{
	g_autofree char *address = argc == 2 ? address_fold(argv[1]) : NULL;
	g_autoptr(PGresult) result = NULL;
	struct fault fault;

	if (address == NULL)
		return command_usage(&delivery_commands[5]);
	if (!command_ask(admin, &account_end, (const char *const[]){address, NULL}, &result,
			 &fault))
		return command_fail(&fault);
	if (PQntuples(result) == 0) {
		fault_set(&fault, FAULT_INPUT,
			  "deleting the account of %s: there is no such "
			  "account",
			  address);
		return command_fail(&fault);
	}
	printf("deleted; messages lost: %s (their senders will be told)\n",
	       PQgetvalue(result, 0, 0));
	return EXIT_GOOD;
}

const struct command delivery_commands[] = {
	{"policy explain",
	 "[--json] [--login LOGIN] --from ADDRESS --to ADDRESS [--to ADDRESS ...] [FILE.eml | -]",
	 "show what would happen to a message, and why", explain, true},
	{"outbox list", "", "list mail that is waiting to be handed to the MTA", list_outbox},
	{"outbox takeover", "HOST",
	 "send again what may be with the MTA of a machine that will not come back",
	 take_over_outbox},
	{"message recall", "MESSAGE [RECIPIENT]", "recall what is waiting unread in the portal",
	 recall_message},
	{"account list", "[ADDRESS | DOMAIN]", "list portal accounts", list_accounts},
	{"account delete", "ADDRESS",
	 "delete an account; messages that only it could open are "
	 "lost",
	 delete_account},
	{NULL, NULL, NULL, NULL, false},
};
