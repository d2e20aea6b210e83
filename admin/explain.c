#include "admin/explain.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "admin/policy_test.h"
#include "admin/situation.h"
#include "core/address.h"
#include "delivery/inbound/receive.h"
#include "delivery/plan.h"
#include "delivery/signers.h"
#include "mail/addresses.h"

/* --- for people --- */

static const char *
shown_member(const json_t *object, const char *key, char **shown_r)
{
	const char *text = json_string_value(json_object_get(object, key));

	g_free(*shown_r);
	return *shown_r = report_shown(text == NULL ? "" : text);
}

/* What detectors found, masked; of words in tables, only how many there are. */
static void
print_found(FILE *file, const json_t *list)
{
	g_autofree char *detector = NULL, *table = NULL, *sample = NULL, *part = NULL;
	const json_t *found;
	size_t i;

	json_array_foreach((json_t *)list, i, found)
	{
		const long long count = json_integer_value(json_object_get(found, "count"));

		if (json_object_get(found, "table") != NULL)
			fprintf(file, "            found: %lld of <%s> (%s)\n", count,
				shown_member(found, "table", &table),
				shown_member(found, "part", &part));
		else
			fprintf(file, "            found: %s, %lld, such as %s (%s)\n",
				shown_member(found, "detector", &detector), count,
				shown_member(found, "sample", &sample),
				shown_member(found, "part", &part));
	}
}

static void
print_rules(FILE *file, const json_t *rules)
{
	g_autofree char *rule = NULL, *name = NULL, *because = NULL;
	const json_t *step;
	size_t i;

	json_array_foreach((json_t *)rules, i, step)
	{
		if (json_object_get(step, "not_listed") != NULL) {
			fprintf(file,
				"  %lld rules before these do not match; they are not listed\n",
				(long long)json_integer_value(json_object_get(step, "not_listed")));
			continue;
		}
		fprintf(file, "  line %-4lld ",
			(long long)json_integer_value(json_object_get(step, "line")));
		if (json_object_get(step, "file") != NULL)
			fprintf(file, "of %s: ", shown_member(step, "file", &name));
		if (json_object_get(step, "name") != NULL)
			fprintf(file, "\"%s\": ", shown_member(step, "name", &name));
		fprintf(file, "%s\n", shown_member(step, "rule", &rule));
		print_found(file, json_object_get(step, "found"));
		if (json_object_get(step, "because_not") != NULL)
			fprintf(file, "            does not match: %s\n",
				shown_member(step, "because_not", &because));
		else if (json_object_get(step, "unanswered") != NULL)
			fprintf(file, "            cannot be evaluated: %s\n",
				shown_member(step, "unanswered", &because));
		else if (json_is_true(json_object_get(step, "watched")))
			fputs("            matches: this rule only watches\n", file);
		else
			fputs("            matches: this rule decides\n", file);
	}
}

static void
print_methods(FILE *file, const json_t *asked)
{
	g_autofree char *method = NULL, *because = NULL;
	const json_t *tried;
	size_t i;

	json_array_foreach((json_t *)asked, i, tried) fprintf(
		file, "  %-9s %s: %s\n", shown_member(tried, "method", &method),
		json_is_true(json_object_get(tried, "possible")) ? "available" : "not available",
		shown_member(tried, "because", &because));
}

static void
print_copy(FILE *file, const json_t *copy)
{
	const json_t *trace = json_object_get(copy, "trace"), *key;
	const char *method = json_string_value(json_object_get(copy, "method"));
	g_autofree char *text = NULL;
	size_t i;

	fprintf(file, "%s\n", shown_member(copy, "recipient", &text));
	print_rules(file, json_object_get(trace, "rules"));
	print_methods(file, json_object_get(trace, "methods"));
	fprintf(file, "  => %s: %s\n", method == NULL ? "refused" : method,
		shown_member(copy, "reason", &text));
	json_array_foreach(json_object_get(copy, "keys"), i, key)
		fprintf(file, "     key %s\n", json_string_value(key));
}

void
explain_print(FILE *file, const json_t *rows)
{
	const json_t *copy;
	size_t i;

	json_array_foreach((json_t *)rows, i, copy) print_copy(file, copy);
}

/* --- policy explain --- */

static const char *
reason_of(const struct copy *copy)
{
	if (copy->reason != NULL)
		return copy->reason;
	return copy->decision.reject == NULL ? "no allowed method is available"
					     : copy->decision.reject;
}

static json_t *
copy_json(const struct copy *copy)
{
	json_t *keys = json_array();

	for (guint i = 0; copy->keys != NULL && i < copy->keys->len; i++)
		json_array_append_new(
			keys, json_string(((const struct key *)g_ptr_array_index(copy->keys, i))
						  ->fingerprint));
	return json_pack("{s:s, s:s?, s:s?, s:i, s:s?, s:s, s:o, s:o}", "recipient",
			 copy->recipient->address, "method",
			 copy->method == NULL ? NULL : copy->method->name, "reason",
			 reason_of(copy), "line", (int)copy->decision.line, "name",
			 copy->decision.name, "rule", copy->decision.rule, "keys", keys, "trace",
			 copy_trace(copy));
}

static void
print_plan(const struct admin *admin, const struct plan *plan)
{
	g_autoptr(json_t) list = json_array();

	for (guint i = 0; i < plan->copies->len; i++)
		json_array_append_new(list, copy_json(g_ptr_array_index(plan->copies, i)));
	report_print(list, admin->as_json, explain_print);
	if (!admin->as_json && plan->refused != NULL)
		printf("the whole message is refused: %s\n", plan->refusal.text);
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

struct question {
	const struct message *message;
	bool is_outside;
	time_t time; /* 0: now */
};

static int
explain_message(const struct admin *admin, const struct question *question)
{
	const struct message *message = question->message;
	const struct spool_settings spool = {.directory = g_get_tmp_dir(), .memory_max = 8 << 20};
	struct keystore *keystore = command_keystore(admin, admin->settings->keeper_socket, false);
	struct reader *reader = reader_new(admin->settings);
	/* If no message was given, its author is its sender. */
	g_autofree char *from = message->fields->len == 0 ? g_strdup(message->sender_folded)
							  : addresses_from(message);
	struct delivery_context delivery = {.settings = admin->settings,
					    .policy = admin->policy,
					    .database = admin->database,
					    .keystore = keystore,
					    .reader = reader,
					    .variants = &spool,
					    .message = message,
					    .from = from,
					    .time = question->time,
					    .is_outside = question->is_outside};
	struct plan plan = {0};
	struct fault fault;
	bool planned;

	delivery.inbound = inbound_new(&delivery);
	planned = signers_find(&delivery, &fault) && plan_init(&plan, &delivery, &fault);
	if (planned)
		print_plan(admin, &plan);
	plan_clear(&plan);
	signers_clear(&delivery);
	inbound_free(delivery.inbound);
	keystore_free(keystore);
	reader_free(reader);
	return planned ? EXIT_GOOD : command_fail(&fault);
}

/* Adds what an option specifies, as if a mail program had written it. */
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
						{"user", required_argument, NULL, 'l'},
						/* its former name */
						{"login", required_argument, NULL, 'l'},
						{"inbound", no_argument, NULL, 'i'},
						{"client", required_argument, NULL, 'c'},
						{"time", required_argument, NULL, 'w'},
						{0}};
	const struct spool_settings spool = {.directory = g_get_tmp_dir(), .memory_max = 8 << 20};
	g_autoptr(message_auto) message = message_new(&spool);
	struct fault fault;
	struct question question = {.message = message};
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if ((option == 'f' && message->sender == NULL) || option == 't') {
			if (!add_to_envelope(message, option, optarg, &fault))
				return command_fail(&fault);
		} else if (option == 'l' && message->authenticated == NULL) {
			message->authenticated = g_strdup(optarg);
		} else if (option == 'i') {
			question.is_outside = true;
		} else if (option == 'c' || option == 'w') {
			if (!(option == 'c' ? situation_client(message, optarg, &fault)
					    : situation_time(optarg, &question.time, &fault)))
				return command_fail(&fault);
		} else {
			return command_usage(admin->command);
		}
	}
	if (message->sender == NULL || message->recipients->len == 0 || argc - optind > 1)
		return command_usage(admin->command);
	if (!read_message(message, optind < argc ? argv[optind] : NULL, &fault))
		return command_fail(&fault);
	return explain_message(admin, &question);
}

const struct command explain_commands[] = {
	{"policy explain",
	 "[--user LOGIN | --inbound] [--client ADDRESS] [--time \"YYYY-MM-DD HH:MM\"] --from ADDRESS "
	 "--to ADDRESS [--to ADDRESS ...] [FILE.eml | -]",
	 "show what would happen to a message, and why", explain, .needs_rules = true,
	 .reads = true, .example = "--from anna@example.com --to sue@partner.example mail.eml"},
	{"policy test", "FILE", "compare the rules with what a file says is expected of them",
	 policy_test, .needs_rules = true, .reads = true, .example = "rules.expect"},
	{NULL, NULL, NULL, NULL},
};
