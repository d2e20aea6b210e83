/* What the network had for an address when it was last asked (keystore/discovery.h). */
#include "keystore/source/source.h"

/* A key counts for as long as the statement about it stands, and while its source has it; 30 days
 * at most if the source cannot be asked any more. It is revoked if any source has seen it revoked.
 */
static const struct statement found_by_address = {
	"found_by_address",
	"select " KEY_SOURCE_FOUND_COLUMNS " "
	"from postseal.key_found f where f.address = $1 and f.kind = $2 and f.source = $3"
	" and f.withdrawn_at is null and f.seen_at > now() - interval '30 days' "
	"order by f.found_at desc, f.fingerprint"};
enum { PINNED = 7, CANNOT_ENCRYPT, SEEN, STANDS };

static const struct statement answer_by_address = {
	"answer_by_address",
	"select format('%s: %s (asked %s)', source, coalesce(why, case outcome when 'nothing' then 'there is none' else outcome end),"
	"  to_char(asked_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"')) "
	"from postseal.key_answer where address = $1 and kind = $2 and source = $3 and asked_at is not null"};

struct key *
key_source_found_row(enum key_kind kind, const PGresult *result, int row)
{
	struct key *key = key_source_row(kind, result, row);
	const char *cannot = result_text(result, row, CANNOT_ENCRYPT);

	g_free(key->cannot_sign);
	key->cannot_sign = g_strdup("it is the recipient's");
	if (!result_flag(result, row, STANDS))
		cannot = "the statement that it is theirs was revoked";
	if (cannot != NULL) {
		g_free(key->cannot_encrypt);
		key->cannot_encrypt = g_strdup(cannot);
	}
	key->pinned = result_flag(result, row, PINNED);
	key->seen_at = (time_t)result_number(result, row, SEEN);
	key->attested = true;
	return key;
}

static bool
note_answer(const struct key_question *question, const struct parameters *parameters,
	    struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!connection_execute(question->connection, &answer_by_address, parameters, &result,
				fault))
		return false;
	if (PQntuples(result) > 0)
		g_string_append_printf(question->notes, "%s%s",
				       question->notes->len > 0 ? "; " : "",
				       PQgetvalue(result, 0, 0));
	return true;
}

bool
key_source_found(const struct key_question *question, GPtrArray *keys, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	if (!key_source_is_asked(question->source, question->kind))
		return true;
	parameters_text(&parameters, question->address);
	parameters_text(&parameters, key_kind_name(question->kind));
	parameters_text(&parameters, question->source->name);
	if (!connection_execute(question->connection, &found_by_address, &parameters, &result,
				fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++)
		g_ptr_array_add(keys, key_source_found_row(question->kind, result, row));
	return PQntuples(result) > 0 || note_answer(question, &parameters, fault);
}

bool
key_source_is_asked(const struct key_source *source, enum key_kind kind)
{
	return source->wishes[kind] != FINDER_PING;
}
