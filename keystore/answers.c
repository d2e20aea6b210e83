#include "keystore/answers.h"

#include <string.h>

#include "core/identifier.h"
#include "keystore/source/source.h"
#include "keystore/trust.h"

enum {
	FOUND_STANDARD = 86400, /* seconds for which an answer is good if nobody says */
	FOUND_LEAST = 600,
	FOUND_MOST = 7 * 86400,
	NOTHING_STANDARD = 21600,
	NOTHING_LEAST = 600,
	NOTHING_MOST = 86400,
};

struct key_asking *
key_asking_new(const char *address, const struct key_source *source, enum key_kind kind)
{
	struct key_asking *asking = g_new(struct key_asking, 1);

	*asking = (struct key_asking){.address = g_strdup(address), .source = source, .kind = kind};
	return asking;
}

void
key_asking_free(struct key_asking *asking)
{
	g_free(asking->address);
	g_free(asking);
}

/* --- which are good, wanted, due --- */

/* $1, $2 and $3 are columns: address, source and kind of each question, one a line. */

/* wanted_at is written once a day at most. */
static const struct statement answers_good = {
	"answers_good",
	"with noted as (update postseal.key_answer a set wanted_at = now() from unnest(string_to_array($1, chr(10)), string_to_array($2, chr(10)),"
	"  string_to_array($3, chr(10))) as q(address, source, kind)"
	"  where a.address = q.address and a.source = q.source and a.kind = q.kind"
	"   and a.wanted_at < now() - interval '1 day' returning 1) "
	"select a.address, a.source, a.kind, (select count(*) from noted) from postseal.key_answer a join unnest(string_to_array($1, chr(10)), string_to_array($2, chr(10)),"
	"  string_to_array($3, chr(10))) as q(address, source, kind)"
	" using (address, source, kind) where a.good_until > now()"};

static const struct statement answers_wanted = {
	"answers_wanted",
	"insert into postseal.key_answer (address, source, kind, due_at) "
	"select address, source, kind, now() + $4::bigint * interval '1 second' from unnest(string_to_array($1, chr(10)), string_to_array($2, chr(10)),"
	"  string_to_array($3, chr(10))) as q(address, source, kind)"
	" order by 1, 2, 3 "
	"on conflict (address, source, kind) do update set wanted_at = now(),"
	" due_at = least(key_answer.due_at, greatest(excluded.due_at, key_answer.good_until))"};

static const struct statement answers_due = {
	"answers_due",
	"with due as (select address, source, kind from postseal.key_answer where due_at <= now() and claimed_until < now()"
	"  and source <> all (string_to_array($3, chr(10))) order by due_at limit $1 for update skip locked) "
	"update postseal.key_answer a set"
	" claimed_until = now() + interval '2 minutes',"
	" due_at = case when a.wanted_at > now() - interval '30 days' and a.source = any (string_to_array($2, chr(10)))"
	"  then a.due_at else 'infinity' end "
	"from due where a.address = due.address and a.source = due.source and a.kind = due.kind "
	"returning a.address, a.source, a.kind, a.due_at < 'infinity'"};

static void
put_column(struct parameters *parameters, const GPtrArray *askings, GString *texts[3])
{
	for (int i = 0; i < 3; i++)
		texts[i] = g_string_new(NULL);
	for (guint i = 0; i < askings->len; i++) {
		const struct key_asking *asking = g_ptr_array_index(askings, i);
		const char *before = i > 0 ? "\n" : "";

		g_string_append_printf(texts[0], "%s%s", before, asking->address);
		g_string_append_printf(texts[1], "%s%s", before, asking->source->name);
		g_string_append_printf(texts[2], "%s%s", before, key_kind_name(asking->kind));
	}
	for (int i = 0; i < 3; i++)
		parameters_text(parameters, texts[i]->str);
}

static void
free_columns(GString *texts[3])
{
	for (int i = 0; i < 3; i++)
		g_string_free(texts[i], TRUE);
}

static bool
is_row(const struct key_asking *asking, const PGresult *result, int row)
{
	return strcmp(asking->address, PQgetvalue(result, row, 0)) == 0 &&
	       strcmp(asking->source->name, PQgetvalue(result, row, 1)) == 0 &&
	       strcmp(key_kind_name(asking->kind), PQgetvalue(result, row, 2)) == 0;
}

static void
drop_row(GPtrArray *askings, const PGresult *result, int row)
{
	for (guint i = 0; i < askings->len; i++)
		if (is_row(g_ptr_array_index(askings, i), result, row)) {
			g_ptr_array_remove_index(askings, i);
			return;
		}
}

bool
answers_drop_good(struct connection *connection, GPtrArray *askings, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	GString *texts[3];
	bool done;

	if (askings->len == 0)
		return true;
	put_column(&parameters, askings, texts);
	done = connection_execute(connection, &answers_good, &parameters, &result, fault);
	free_columns(texts);
	for (int row = 0; done && row < PQntuples(result); row++)
		drop_row(askings, result, row);
	return done;
}

static bool
put_wanted(struct connection *connection, const GPtrArray *askings, unsigned seconds,
	   bool is_in_batch, struct fault *fault)
{
	struct parameters parameters = {0};
	GString *texts[3];
	bool done;

	if (askings->len == 0)
		return true;
	put_column(&parameters, askings, texts);
	parameters_number(&parameters, seconds);
	done = is_in_batch
		       ? batch_add(connection, &answers_wanted, &parameters, fault)
		       : connection_execute(connection, &answers_wanted, &parameters, NULL, fault);
	free_columns(texts);
	return done;
}

bool
answers_want(struct connection *connection, const GPtrArray *askings, unsigned seconds,
	     struct fault *fault)
{
	return put_wanted(connection, askings, seconds, false, fault);
}

bool
answers_add_wanted(struct connection *connection, const GPtrArray *askings, struct fault *fault)
{
	return put_wanted(connection, askings, 0, true, fault);
}

static const struct key_source *
source_named(const char *name)
{
	for (const struct key_source *const *source = key_sources; *source != NULL; source++)
		if (strcmp((*source)->name, name) == 0)
			return *source;
	return NULL;
}

void
answers_ask_all(char *const *sources, const char *address, enum key_kind kind, GPtrArray *askings)
{
	for (char *const *name = sources; name != NULL && *name != NULL; name++) {
		const struct key_source *source = source_named(*name);

		if (source != NULL && key_source_is_asked(source, kind))
			g_ptr_array_add(askings, key_asking_new(address, source, kind));
	}
}

bool
answers_claim(struct connection *connection, char *const *sources, const char *busy, unsigned most,
	      GPtrArray *askings, bool *more_r, struct fault *fault)
{
	g_autofree char *names = g_strjoinv("\n", (char **)sources);
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_number(&parameters, most);
	parameters_text(&parameters, names);
	parameters_text(&parameters, busy);
	if (!connection_execute(connection, &answers_due, &parameters, &result, fault))
		return false;
	*more_r = PQntuples(result) == (int)most;
	for (int row = 0; row < PQntuples(result); row++) {
		const struct key_source *source = source_named(PQgetvalue(result, row, 1));
		enum key_kind kind =
			strcmp(PQgetvalue(result, row, 2), "pgp") == 0 ? KEY_PGP : KEY_SMIME;

		if (result_flag(result, row, 3) && source != NULL &&
		    key_source_is_asked(source, kind))
			g_ptr_array_add(askings,
					key_asking_new(PQgetvalue(result, row, 0), source, kind));
	}
	return true;
}

/* --- what is known --- */

static const struct statement openpgp_known_keys = {
	"openpgp_known_keys",
	"select content from postseal.key_found where address = $1 and kind = 'pgp' "
	"union all select k.content from postseal.key_address a " KEY_SOURCE_JOIN(
		"a.key") "where a.address = $1 and k.kind = 'pgp' limit 64"};

bool
answers_known(struct connection *connection, const char *address, GPtrArray *known,
	      struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, address);
	if (!connection_execute(connection, &openpgp_known_keys, &parameters, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		size_t length;
		unsigned char *content = result_bytes(result, row, 0, &length);

		g_ptr_array_add(known, g_bytes_new_take(content, length));
	}
	return true;
}

static const struct statement conflict_of_address = {
	"conflict_of_address",
	"select string_agg(format('%s has %s, but %s has %s', source, left(fingerprints[1], 16), other_source,"
	"  left(other_fingerprints[1], 16)), '; ') "
	"from postseal.key_conflict where address = $1 and kind = $2 and $3 in (source, other_source)"};

bool
answers_conflict(struct connection *connection, const struct key_asking *asking, char **conflict_r,
		 struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, asking->address);
	parameters_text(&parameters, key_kind_name(asking->kind));
	parameters_text(&parameters, asking->source->name);
	if (!connection_execute(connection, &conflict_of_address, &parameters, &result, fault))
		return false;
	*conflict_r = g_strdup(result_text(result, 0, 0));
	return true;
}

/* --- what came of a question --- */

/* The next question comes some time before the answer ends, never for all at once. After a failure
 * it comes five minutes later, and twice as late each time, up to six hours. */
static const struct statement answer_put = {
	"answer_put",
	"insert into postseal.key_answer as a (address, source, kind, asked_at, outcome, why, place, good_until, due_at, failures) "
	"values ($1, $2, $3, now(), $4, $5, $6, now() + $7::bigint * interval '1 second',"
	" now() + $7::bigint * (0.6 + 0.3 * random()) * interval '1 second', ($4 = 'failed')::integer) "
	"on conflict (address, source, kind) do update set asked_at = now(), outcome = excluded.outcome,"
	" why = excluded.why, place = excluded.place,"
	" failures = case when excluded.outcome = 'failed' then a.failures + 1 else 0 end,"
	" good_until = case when excluded.outcome = 'failed'"
	"  then now() + least(300 * 2 ^ least(a.failures, 10), 21600) * interval '1 second' else excluded.good_until end,"
	" due_at = case when excluded.outcome = 'failed'"
	"  then now() + least(300 * 2 ^ least(a.failures, 10), 21600) * (0.8 + 0.2 * random()) * interval '1 second'"
	"  else excluded.due_at end,"
	" claimed_until = '-infinity'"};

/* Whatever revoked it stays. */
static const struct statement found_put = {
	"found_put",
	"insert into postseal.key_found as f (id, address, source, kind, author, fingerprint, content, owner, not_before,"
	" not_after, capabilities, pinned, cannot_encrypt) "
	"values ($1, $2, $3, $4, $5, $6, $7, $8, to_timestamp($9), to_timestamp($10), $11::text[], $12, $13) "
	"on conflict (address, source, kind, fingerprint) do update set"
	" content = excluded.content, owner = excluded.owner, not_before = excluded.not_before,"
	" not_after = excluded.not_after, capabilities = excluded.capabilities, pinned = excluded.pinned,"
	" cannot_encrypt = case when starts_with(f.cannot_encrypt, 'revoked by its owner') then f.cannot_encrypt"
	"  else excluded.cannot_encrypt end,"
	" found_at = case when f.withdrawn_at is null then f.found_at else now() end, seen_at = now(), withdrawn_at = null "
	"returning found_at = now(), found_at"};

static const struct statement found_withdraw = {
	"found_withdraw",
	"update postseal.key_found set withdrawn_at = now() where address = $1 and source = $2 and kind = $3"
	" and withdrawn_at is null and not fingerprint = any (string_to_array($4, ' ')) returning fingerprint, author"};

static unsigned
lifetime_of(const struct key_outcome *outcome)
{
	if (outcome->is_partial)
		return FOUND_LEAST;
	if (outcome->outcome == FINDER_FOUND)
		return outcome->lifetime == 0 ? FOUND_STANDARD
					      : CLAMP(outcome->lifetime, FOUND_LEAST, FOUND_MOST);
	return outcome->lifetime == 0 ? NOTHING_STANDARD
				      : CLAMP(outcome->lifetime, NOTHING_LEAST, NOTHING_MOST);
}

static void
put_asking(struct parameters *parameters, const struct key_asking *asking)
{
	parameters_text(parameters, asking->address);
	parameters_text(parameters, asking->source->name);
	parameters_text(parameters, key_kind_name(asking->kind));
}

static bool
put_answer(struct connection *connection, const struct key_outcome *outcome, struct fault *fault)
{
	const bool failed = outcome->outcome == FINDER_FAILED;
	struct parameters parameters = {0};

	put_asking(&parameters, outcome->asking);
	parameters_text(&parameters, finder_outcome_name(outcome->outcome));
	parameters_text(&parameters, outcome->why);
	parameters_text(&parameters, outcome->place);
	parameters_number(&parameters, failed ? 300 : lifetime_of(outcome));
	return connection_execute(connection, &answer_put, &parameters, NULL, fault);
}

/* In the open transaction. */
static bool
make_statement(struct connection *connection, const struct attestation *attestation, bool stands,
	       struct fault *fault)
{
	return batch_begin(connection, fault) &&
	       (stands ? trust_attest(connection, attestation, fault)
		       : trust_revoke(connection, attestation, "its source no longer has it",
				      fault)) &&
	       batch_commit(connection, fault);
}

static struct attestation
statement_about(const struct key_asking *asking, const char *fingerprint)
{
	return (struct attestation){.kind = key_kind_name(asking->kind),
				    .subject = fingerprint,
				    .address = asking->address,
				    .author = asking->source->author(asking->address),
				    .how = asking->source->name};
}

static bool
store_key(struct connection *connection, const struct key_asking *asking,
	  const struct found_key *key, PGresult **result_r, struct fault *fault)
{
	const struct key_facts *facts = key->facts;
	struct parameters parameters = {0};
	struct identifier id;

	identifier_make(&id);
	parameters_text(&parameters, id.text);
	put_asking(&parameters, asking);
	parameters_text(&parameters, asking->source->author(asking->address));
	parameters_text(&parameters, facts->fingerprint);
	parameters_bytes(&parameters, g_bytes_get_data(facts->content, NULL),
			 g_bytes_get_size(facts->content));
	parameters_text(&parameters, facts->owner);
	parameters_time(&parameters, facts->not_before);
	parameters_time(&parameters, facts->not_after);
	parameters_text(&parameters, key_facts_capabilities(facts->gcm, facts->oaep));
	parameters_flag(&parameters, key->is_pinned);
	parameters_text(&parameters, facts->cannot_encrypt);
	return connection_execute(connection, &found_put, &parameters, result_r, fault);
}

static bool
put_key(struct connection *connection, const struct key_asking *asking, const struct found_key *key,
	struct fault *fault)
{
	struct attestation attestation = statement_about(asking, key->facts->fingerprint);
	g_autoptr(PGresult) result = NULL;

	if (!store_key(connection, asking, key, &result, fault))
		return false;
	attestation.since = PQgetvalue(result, 0, 1);
	/* A statement that somebody revoked since is not made again. */
	return !result_flag(result, 0, 0) || make_statement(connection, &attestation, true, fault);
}

bool
answers_put_key(struct connection *connection, const struct key_asking *asking,
		const struct found_key *key, const struct key_statement *statement,
		struct fault *fault)
{
	struct attestation attestation = statement_about(asking, key->facts->fingerprint);
	g_autoptr(PGresult) result = NULL;

	if (!store_key(connection, asking, key, &result, fault))
		return false;
	attestation.since = PQgetvalue(result, 0, 1);
	attestation.how = statement->how;
	attestation.evidence = statement->evidence;
	return make_statement(connection, &attestation, true, fault);
}

static bool
withdraw_others(struct connection *connection, const struct key_outcome *outcome,
		struct fault *fault)
{
	g_autoptr(GString) kept = g_string_new(NULL);
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	for (guint i = 0; outcome->keys != NULL && i < outcome->keys->len; i++)
		g_string_append_printf(
			kept, "%s%s", i > 0 ? " " : "",
			((const struct found_key *)g_ptr_array_index(outcome->keys, i))
				->facts->fingerprint);
	put_asking(&parameters, outcome->asking);
	parameters_text(&parameters, kept->str);
	if (!connection_execute(connection, &found_withdraw, &parameters, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		const struct attestation attestation =
			statement_about(outcome->asking, PQgetvalue(result, row, 0));

		if (!make_statement(connection, &attestation, false, fault))
			return false;
	}
	return true;
}

bool
answers_put(struct connection *connection, const struct key_outcome *outcome, struct fault *fault)
{
	if (!transaction_begin(connection, fault) || !put_answer(connection, outcome, fault))
		return false;
	for (guint i = 0; outcome->keys != NULL && i < outcome->keys->len; i++)
		if (!put_key(connection, outcome->asking, g_ptr_array_index(outcome->keys, i),
			     fault))
			return false;
	if (outcome->outcome != FINDER_FAILED && outcome->secure && !outcome->is_partial &&
	    !withdraw_others(connection, outcome, fault))
		return false;
	return transaction_commit(connection, fault);
}
