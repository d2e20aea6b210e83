#include "admin/policy_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/expectation.h"
#include "admin/situation.h"
#include "delivery/facts.h"

/* --- the message of an expectation --- */

static bool
set_envelope(struct message *message, const struct expectation *expectation, struct fault *fault)
{
	static const char *const utf8[] = {"SMTPUTF8", NULL};
	struct envelope_argument argument = {.path = expectation->from,
					     .parameters = (char *const *)utf8};

	if (!message_set_sender(message, &argument, fault))
		return false;
	for (guint i = 0; i < expectation->to->len; i++) {
		argument.path = g_ptr_array_index(expectation->to, i);
		if (!message_add_recipient(message, &argument, fault))
			return false;
	}
	message->authenticated = g_strdup(expectation->user);
	return expectation->client == NULL || situation_client(message, expectation->client, fault);
}

static bool
read_file(struct message *message, const struct expectation *expectation, struct fault *fault)
{
	g_autofree char *path = configuration_path(&expectation->place, expectation->file);
	g_autoptr(FILE) file = fopen(path, "re");

	if (file == NULL)
		return fault_set(fault, FAULT_INPUT, "reading %s: %s", path, strerror(errno));
	return message_read(message, file, fault) || fault_within(fault, "reading %s", path);
}

/* As a mail program writes it that knows RFC 6532. */
static bool
compose(struct message *message, const struct expectation *expectation, struct fault *fault)
{
	const char *text = expectation->text == NULL ? "" : expectation->text;

	if (expectation->subject != NULL)
		message_add_field(message, "Subject", expectation->subject);
	message_add_field(message, "MIME-Version", "1.0");
	message_add_field(message, "Content-Type", "text/plain; charset=utf-8");
	message_add_field(message, "Content-Transfer-Encoding", "8bit");
	return message_add_body(message, text, strlen(text), fault);
}

static bool
make_message(struct message *message, const struct expectation *expectation, struct fault *fault)
{
	return set_envelope(message, expectation, fault) &&
	       (expectation->file == NULL ? compose : read_file)(message, expectation, fault);
}

/* --- asking --- */

static bool
is_as_expected(const struct expectation *expectation, const char *const *found, const char *by)
{
	guint given = g_strv_length((char **)found);

	if (given < expectation->gives->len ||
	    (expectation->is_exact && given > expectation->gives->len) ||
	    (expectation->by != NULL && g_strcmp0(expectation->by, by) != 0))
		return false;
	for (guint i = 0; i < expectation->gives->len; i++)
		if (strcmp(g_ptr_array_index(expectation->gives, i), found[i]) != 0)
			return false;
	return true;
}

/* What the rules say for one recipient. */
struct answer {
	struct policy_decision decision;
	bool waits; /* the rules cannot decide: `fault` says why */
	struct fault fault;
};

static char *
answer_shown(const struct answer *answer, const char *const *found)
{
	const struct policy_decision *decision = &answer->decision;
	g_autofree char *words = g_strjoinv(", ", (char **)found);
	g_autofree char *name =
		decision->name == NULL ? NULL : g_strdup_printf("\"%s\" in ", decision->name);

	if (answer->waits)
		return g_strdup_printf("wait: %s", answer->fault.text);
	if (decision->rule == NULL)
		return g_strdup("refuse: no rule lets members of the portal write there");
	return g_strdup_printf("%s by %sline %u%s%s", words, name == NULL ? "" : name,
			       decision->line, decision->file == NULL ? "" : " of ",
			       decision->file == NULL ? "" : decision->file);
}

static json_t *
row_for(const struct expectation *expectation, const char *recipient, const struct answer *answer)
{
	static const char *const waits[] = {"wait", NULL}, *const rejects[] = {"reject", NULL},
				 *const refuses[] = {"refuse", NULL},
				 *const holds[] = {"hold", NULL};
	const char *const *found = answer->waits		     ? waits
				   : answer->decision.rule == NULL   ? refuses
				   : answer->decision.reject != NULL ? rejects
				   : answer->decision.refuse != NULL ? refuses
				   : answer->decision.hold != NULL   ? holds
								     : answer->decision.methods;
	g_autofree char *shown = answer_shown(answer, found);
	g_autofree char *expected = expectation_shown(expectation);
	const GPtrArray *names = answer->decision.watched;
	json_t *watched = json_array();

	for (guint i = 0; names != NULL && i < names->len; i++)
		json_array_append_new(watched, json_string(g_ptr_array_index(names, i)));
	return json_pack("{s:s, s:i, s:s, s:b, s:s, s:o, s:o}", "file",
			 expectation->place.file->path, "line", (int)expectation->place.line,
			 "recipient", recipient, "holds",
			 is_as_expected(expectation, found, answer->decision.name), "expected",
			 expected, "found", report_text(shown), "watched", watched);
}

/* A message waits where a rule cannot look into it; a database that is down says nothing about the
 * rules. */
static bool
ask(const struct expectation *expectation, struct policy_question *question,
    const struct message *message, json_t *rows, struct fault *fault)
{
	for (guint i = 0; i < message->recipients->len; i++) {
		const struct recipient *recipient = g_ptr_array_index(message->recipients, i);
		struct answer answer = {0};

		answer.waits = !policy_decide(question, recipient->folded, &answer.decision,
					      &answer.fault);
		if (answer.waits && answer.fault.cause != FAULT_CONFIG) {
			*fault = answer.fault;
			return false;
		}
		json_array_append_new(rows, row_for(expectation, recipient->address, &answer));
		policy_decision_clear(&answer.decision);
	}
	return true;
}

/* What all expectations are tried with. */
struct trial {
	const struct admin *admin;
	struct reader *reader;
	json_t *rows;
};

static bool
ask_rules(const struct trial *trial, const struct expectation *expectation,
	  const struct message *message, time_t time, struct fault *fault)
{
	const struct admin *admin = trial->admin;
	const struct documents_settings documents = {
		.reader = trial->reader,
		.directory = g_get_tmp_dir(),
		.processes = (unsigned)admin->settings->reader_processes,
		.seconds = (unsigned)admin->settings->reader_deadline,
	};
	struct facts facts;
	struct policy_question *question;
	bool asked;

	facts_init(&facts, message, admin->settings, &documents, NULL);
	facts.policy.time = time;
	facts.policy.is_portal = expectation->is_portal;
	question = policy_question_new(admin->policy, admin->database, &facts.policy);
	asked = ask(expectation, question, message, trial->rows, fault);
	policy_question_free(question);
	facts_clear(&facts);
	return asked;
}

static bool
try(const struct trial *trial, const struct expectation *expectation, struct fault *fault)
{
	const struct spool_settings spool = {.directory = g_get_tmp_dir(), .memory_max = 8 << 20};
	g_autoptr(message_auto) message = message_new(&spool);
	time_t time = 0;

	return (expectation->time == NULL || situation_time(expectation->time, &time, fault)) &&
	       make_message(message, expectation, fault) &&
	       ask_rules(trial, expectation, message, time, fault);
}

/* --- the whole file --- */

static void
print_failures(FILE *file, const json_t *rows)
{
	size_t i, held = 0;
	json_t *row;

	json_array_foreach((json_t *)rows, i, row)
	{
		g_autofree char *found =
			report_shown(json_string_value(json_object_get(row, "found")));

		held += json_is_true(json_object_get(row, "holds"));
		if (!json_is_true(json_object_get(row, "holds")))
			fprintf(file, "%s:%lld: %s: expected %s, found %s\n",
				json_string_value(json_object_get(row, "file")),
				(long long)json_integer_value(json_object_get(row, "line")),
				json_string_value(json_object_get(row, "recipient")),
				json_string_value(json_object_get(row, "expected")), found);
	}
	fprintf(file, "%zu of %zu expectations hold\n", held, json_array_size(rows));
}

/* Tables are asked of nobody for what comes after it. */
static void
give_members(const struct trial *trial, const struct configuration_line *line, GPtrArray *errors)
{
	g_auto(expected_members_auto) given = {0};
	struct fault fault;

	if (expected_members_read(&given, line, errors) &&
	    !policy_table_give(trial->admin->policy, given.table, given.members, &fault))
		configuration_complain(errors, &given.place, "%s", fault.text);
}

static void
try_line(const struct trial *trial, const struct configuration_line *line, GPtrArray *errors)
{
	g_auto(expectation_auto) expectation = {0};
	struct fault fault;

	if (expectation_read(&expectation, line, errors) && !try(trial, &expectation, &fault))
		configuration_complain(errors, &expectation.place, "%s", fault.text);
}

static void
try_all(const struct trial *trial, const struct configuration *file, GPtrArray *errors)
{
	for (guint i = 0; i < file->lines->len; i++) {
		const struct configuration_line *line = g_ptr_array_index(file->lines, i);

		(expected_members_is(line) ? give_members : try_line)(trial, line, errors);
	}
	if (json_array_size(trial->rows) == 0 && errors->len == 0)
		configuration_complain(errors, &file->end, "found no expectation");
}

static bool
all_hold(const json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach((json_t *)rows, i,
			   row) if (!json_is_true(json_object_get(row, "holds"))) return false;
	return true;
}

int
policy_test(const struct admin *admin, int argc, char **argv)
{
	char **operands = command_operands(argc, argv, 1, 1);
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(json_t) rows = json_array();
	g_autoptr(configuration_auto) file = NULL;
	struct fault fault;

	if (operands == NULL)
		return command_usage(admin->command);
	if (access(operands[0], R_OK) != 0) {
		fault_set(&fault, FAULT_INPUT, "reading the expectations %s: %s", operands[0],
			  strerror(errno));
		return command_fail(&fault);
	}
	file = configuration_read(operands[0], errors);
	if (file != NULL) {
		const struct trial trial = {admin, reader_new(admin->settings), rows};

		try_all(&trial, file, errors);
		reader_free(trial.reader);
	}
	for (guint i = 0; i < errors->len; i++)
		fprintf(stderr, "postseal: %s\n", (const char *)g_ptr_array_index(errors, i));
	report_print(rows, admin->as_json, print_failures);
	return errors->len == 0 && all_hold(rows) ? EXIT_GOOD : EXIT_FAILED;
}
