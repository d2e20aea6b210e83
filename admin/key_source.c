#include "admin/key_source.h"

#include <stdio.h>

#include "core/address.h"
#include "keystore/discovery.h"
#include "keystore/gateway.h"
#include "keystore/source/source.h"

enum { ASK_SECONDS = 20 };

/* --- key find --- */

static json_t *
found_row(const struct key *key)
{
	g_autofree char *origin = keystore_origin(key);
	g_autofree char *text =
		g_strdup_printf("%s %s %s%s%s%s", key_kind_name(key->kind), key->fingerprint,
				key->owner, key->gcm ? " (AES-256-GCM)" : "",
				key->attested ? "" : " (uploaded by its owner)", origin);

	return json_pack("{s:s, s:b, s:s, s:s, s:o, s:b, s:b, s:n, s:o}", "kind",
			 key_kind_name(key->kind), "used", true, "source", key->source->name,
			 "fingerprint", key->fingerprint, "owner", report_text(key->owner), "gcm",
			 key->gcm, "uploaded", !key->attested, "because", "text",
			 report_text(text));
}

static json_t *
passed_over_row(enum key_kind kind, const char *because)
{
	g_autofree char *text = g_strdup_printf("%s not used: %s", key_kind_name(kind), because);

	return json_pack("{s:s, s:b, s:n, s:n, s:n, s:n, s:n, s:o, s:o}", "kind",
			 key_kind_name(kind), "used", false, "source", "fingerprint", "owner",
			 "gcm", "uploaded", "because", report_text(because), "text",
			 report_text(text));
}

static bool
find_kind(struct keystore *keystore, enum key_kind kind, const char *address, bool is_employee,
	  json_t *rows, struct fault *fault)
{
	struct keystore_answer answer;

	if (!keystore_find(keystore, kind, address, is_employee, &answer, fault))
		return false;
	for (guint i = 0; i < answer.keys->len; i++)
		json_array_append_new(rows, found_row(g_ptr_array_index(answer.keys, i)));
	if (answer.passed_over != NULL)
		json_array_append_new(rows, passed_over_row(kind, answer.passed_over));
	keystore_answer_clear(&answer);
	return true;
}

static bool
is_any_used(const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach((json_t *)rows, i,
			   row) if (json_is_true(json_object_get(row, "used"))) return true;
	return false;
}

/* --- asking --- */

static const struct statement key_said = {
	"key_said",
	"select kind, false as used, source, null as fingerprint, null as owner, null as gcm, null as uploaded,"
	" coalesce(why, case outcome when 'nothing' then 'there is none' else outcome end) as because,"
	" format('%s, %s: %s%s (asked %s)', source, kind,"
	"  coalesce(why, case outcome when 'nothing' then 'there is none' else outcome end), ' at ' || place,"
	"  to_char(asked_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"')) as text "
	"from postseal.key_answer where address = $1 and asked_at is not null order by source, kind"};

/* Adds what each source in the network said. */
static bool
add_answers(const struct admin *admin, const char *address, json_t *rows, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;
	g_autoptr(json_t) answers = NULL;

	if (!command_ask(admin, &key_said, (const char *const[]){address, NULL}, &result, fault))
		return false;
	answers = report_of(result);
	json_array_extend(rows, answers);
	return true;
}

/* A source that does not answer is among what is printed. */
static void
ask_network(const struct admin *admin, const char *address, bool is_employee)
{
	const struct discovery_settings settings = {.database = admin->database,
						    .finder = admin->settings->finder_socket,
						    .sources = admin->settings->keys_from,
						    .gpg_program = admin->settings->gpg_program};
	struct discovery *discovery = discovery_new(&settings);
	struct fault fault;

	if (discovery == NULL)
		return;
	if (!discovery_ask(discovery, address, is_employee,
			   g_get_monotonic_time() + ASK_SECONDS * G_USEC_PER_SEC, &fault))
		fprintf(stderr, "postseal: %s\n", fault.text);
	discovery_free(discovery);
}

static int
run_find(const struct admin *admin, int argc, char **argv)
{
	g_autofree char *address = NULL, *gateway = NULL;
	g_autoptr(json_t) rows = json_array();
	struct keystore *keystore;
	char **given = command_operands(argc, argv, 1, 1);
	bool is_employee, found;
	struct fault fault;

	if (given == NULL)
		return command_usage(admin->command);
	address = address_fold(*given);
	is_employee = keystore_is_employee(admin->settings->domains, address);
	if (!address_is_valid(address))
		return command_missing("there is no usable key for %s", *given);
	gateway = gateway_of(admin->settings->keys_domains, address);
	ask_network(admin, address, is_employee);
	if (gateway != NULL)
		ask_network(admin, gateway, is_employee);
	keystore = command_keystore(admin, NULL, false);
	found = find_kind(keystore, KEY_SMIME, address, is_employee, rows, &fault) &&
		find_kind(keystore, KEY_PGP, address, is_employee, rows, &fault) &&
		add_answers(admin, address, rows, &fault) &&
		(gateway == NULL || add_answers(admin, gateway, rows, &fault));
	keystore_free(keystore);
	if (!found)
		return command_fail(&fault);
	report_print(rows, admin->as_json, report_lines);
	return is_any_used(rows) ? EXIT_GOOD
				 : command_missing("there is no usable key for %s", address);
}

/* --- what is on record --- */

static const struct statement key_asked = {
	"key_asked",
	"select a.address, a.source, a.kind, date_trunc('second', a.asked_at) as asked,"
	" coalesce(a.outcome, 'to be asked') as outcome, date_trunc('second', nullif(a.good_until, '-infinity')) as good_until,"
	" coalesce(a.place, a.why) as detail,"
	" (select string_agg(f.fingerprint, ' ') from postseal.key_found f where f.address = a.address and f.source = a.source"
	"   and f.kind = a.kind and f.withdrawn_at is null) as fingerprints "
	"from postseal.key_answer a where $1 = '' or a.address = $1 or a.address like '%@' || $1 order by a.address, a.source, a.kind"};

static const struct statement key_conflicts = {
	"key_conflicts",
	"select address, kind, source, array_to_string(fingerprints, ' ') as fingerprints, other_source,"
	" array_to_string(other_fingerprints, ' ') as other_fingerprints, date_trunc('second', since) as since "
	"from postseal.key_conflict where $1 = '' or address = $1 order by address, kind, source, other_source"};

static int
run_asked(const struct admin *admin, int argc, char **argv)
{
	return command_answer_about(admin, argc, argv, &key_asked, report_table);
}

static int
run_conflicts(const struct admin *admin, int argc, char **argv)
{
	return command_answer_about(admin, argc, argv, &key_conflicts, report_records);
}

const struct command key_source_commands[] = {
	{"key find", "ADDRESS", "ask for the keys of an address now, and show which would be used",
	 run_find, .example = "sue@partner.example"},
	{"key asked", "[ADDRESS | DOMAIN]",
	 "list what the network was asked for, and what came of it", run_asked, .reads = true,
	 .example = "partner.example"},
	{"key conflicts", "[ADDRESS]", "list addresses for which different keys are claimed",
	 run_conflicts, .reads = true, .example = "sue@partner.example"},
	{NULL, NULL, NULL, NULL},
};
