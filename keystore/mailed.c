#include "keystore/mailed.h"

#include <string.h>

#include "keystore/answers.h"
#include "keystore/trust.h"

static const struct statement mailed_put = {
	"key_mailed_add",
	"select postseal.key_mailed_add($1, $2, $3, $4, $5, $6,"
	" (select coalesce(array_agg(decode(each, 'hex')), '{}') from unnest(string_to_array($7, ' ')) as each),"
	" $8::text[], to_timestamp($9), $10, $11)"};

static const struct statement mailed_due = {
	"key_mailed_due",
	"with due as (select id from postseal.key_mailed where taken_at is null and claimed_until < now()"
	"  order by at limit $1 for update skip locked) "
	"update postseal.key_mailed m set claimed_until = now() + interval '2 minutes' from due where m.id = due.id "
	"returning m.id, m.address, m.kind, m.how, m.fingerprint, m.content,"
	" (select coalesce(string_agg(encode(each, 'hex'), ' '), '') from unnest(m.chain) as each),"
	" m.capabilities @> '{gcm}', m.capabilities @> '{oaep}', extract(epoch from m.dated_at)::bigint,"
	" m.prefers_encryption, m.message"};
enum { ID, ADDRESS, KIND, HOW, FINGERPRINT, CONTENT, CHAIN, GCM, OAEP, DATED, PREFERS, MESSAGE };

/* Rows stay for a while, so that the same key is not read again and again. */
static const struct statement mailed_taken = {
	"key_mailed_taken",
	"with old as (delete from postseal.key_mailed where at < now() - interval '2 days' and taken_at is not null)"
	" update postseal.key_mailed set taken_at = now(), content = '', chain = '{}' where id = $1"};

static const struct statement mailed_later = {
	"key_mailed_later",
	"update postseal.key_mailed set tries = tries + 1,"
	" taken_at = case when tries + 1 >= $2 then now() else null end where id = $1"};

static const struct statement between_put = {
	"key_between_put",
	"insert into postseal.key_between (fingerprint, content) values (encode(sha256($1), 'hex'), $1)"
	" on conflict do nothing"};

static const struct statement autocrypt_put = {
	"autocrypt_put",
	"insert into postseal.autocrypt as a (address, dated_at, fingerprint, prefers_encryption)"
	" values ($1, to_timestamp($2), $3, $4) on conflict (address) do update set"
	" dated_at = excluded.dated_at, fingerprint = excluded.fingerprint,"
	" prefers_encryption = excluded.prefers_encryption where a.dated_at < excluded.dated_at or"
	" (a.dated_at = excluded.dated_at and a.fingerprint = excluded.fingerprint) returning 1"};

struct mailed_key *
mailed_key_new(enum key_kind kind, const char *address, const char *how)
{
	struct mailed_key *key = g_new0(struct mailed_key, 1);

	identifier_make(&key->id);
	key->kind = kind;
	key->address = g_strdup(address);
	key->how = how;
	return key;
}

void
mailed_key_free(struct mailed_key *key)
{
	g_free(key->address);
	g_free(key->fingerprint);
	g_clear_pointer(&key->content, g_bytes_unref);
	g_clear_pointer(&key->chain, g_ptr_array_unref);
	g_free(key->message);
	g_free(key);
}

/* --- from the milter --- */

static void
append_hexadecimal(GString *text, GBytes *bytes)
{
	gsize length;
	const unsigned char *at = g_bytes_get_data(bytes, &length);

	for (gsize i = 0; i < length; i++)
		g_string_append_printf(text, "%02x", at[i]);
}

/* Separated by blanks. */
static GString *
chain_text(const struct mailed_key *key)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; key->chain != NULL && i < key->chain->len; i++) {
		g_string_append(text, i > 0 ? " " : "");
		append_hexadecimal(text, g_ptr_array_index(key->chain, i));
	}
	return text;
}

bool
mailed_add(struct connection *connection, const struct mailed_key *key, const char *message,
	   struct fault *fault)
{
	g_autoptr(GString) chain = chain_text(key);
	struct parameters parameters = {0};

	parameters_text(&parameters, key->id.text);
	parameters_text(&parameters, key->address);
	parameters_text(&parameters, key_kind_name(key->kind));
	parameters_text(&parameters, key->how);
	parameters_text(&parameters, key->fingerprint);
	parameters_bytes(&parameters, g_bytes_get_data(key->content, NULL),
			 g_bytes_get_size(key->content));
	parameters_text(&parameters, chain->str);
	parameters_text(&parameters, key_facts_capabilities(key->gcm, key->oaep));
	parameters_time(&parameters, key->dated_at);
	parameters_flag(&parameters, key->prefers_encryption);
	parameters_text(&parameters, message);
	return batch_add(connection, &mailed_put, &parameters, fault);
}

/* --- to the courier --- */

static const char *
ground_named(const char *name)
{
	static const char *const grounds[] = {"signed mail", "autocrypt", "attached"};

	for (size_t i = 0; i < G_N_ELEMENTS(grounds); i++)
		if (strcmp(grounds[i], name) == 0)
			return grounds[i];
	return "";
}

static GBytes *
bytes_of(const char *hexadecimal)
{
	size_t length = strlen(hexadecimal) / 2;
	unsigned char *bytes = g_malloc(length);

	for (size_t i = 0; i < length; i++)
		bytes[i] = (unsigned char)(g_ascii_xdigit_value(hexadecimal[2 * i]) << 4 |
					   g_ascii_xdigit_value(hexadecimal[2 * i + 1]));
	return g_bytes_new_take(bytes, length);
}

static GPtrArray *
chain_in(const char *text)
{
	GPtrArray *chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_auto(GStrv) each = g_strsplit(text, " ", -1);

	for (char **one = each; *one != NULL; one++)
		if (**one != '\0')
			g_ptr_array_add(chain, bytes_of(*one));
	return chain;
}

static struct mailed_key *
key_in(const PGresult *result, int row)
{
	enum key_kind kind =
		strcmp(PQgetvalue(result, row, KIND), "pgp") == 0 ? KEY_PGP : KEY_SMIME;
	struct mailed_key *key = mailed_key_new(kind, PQgetvalue(result, row, ADDRESS),
						ground_named(PQgetvalue(result, row, HOW)));
	size_t length;
	unsigned char *content = result_bytes(result, row, CONTENT, &length);

	g_strlcpy(key->id.text, PQgetvalue(result, row, ID), sizeof key->id.text);
	key->fingerprint = g_strdup(result_text(result, row, FINGERPRINT));
	key->content = g_bytes_new_take(content, length);
	key->chain = chain_in(PQgetvalue(result, row, CHAIN));
	key->gcm = result_flag(result, row, GCM);
	key->oaep = result_flag(result, row, OAEP);
	key->dated_at = (time_t)result_number(result, row, DATED);
	key->prefers_encryption = result_flag(result, row, PREFERS);
	key->message = g_strdup(PQgetvalue(result, row, MESSAGE));
	return key;
}

bool
mailed_claim(struct connection *connection, unsigned most, GPtrArray *keys, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_number(&parameters, most);
	if (!connection_execute(connection, &mailed_due, &parameters, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++)
		g_ptr_array_add(keys, key_in(result, row));
	return true;
}

/* --- what becomes of it --- */

static bool
put_chain(struct connection *connection, const struct mailed_key *mailed, struct fault *fault)
{
	for (guint i = 0; mailed->chain != NULL && i < mailed->chain->len; i++) {
		GBytes *each = g_ptr_array_index(mailed->chain, i);
		struct parameters parameters = {0};

		parameters_bytes(&parameters, g_bytes_get_data(each, NULL), g_bytes_get_size(each));
		if (!connection_execute(connection, &between_put, &parameters, NULL, fault))
			return false;
	}
	return true;
}

/* *is_newest_r: no newer header has come. */
static bool
put_autocrypt(struct connection *connection, const struct mailed_key *mailed,
	      const struct found_key *key, bool *is_newest_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, mailed->address);
	parameters_time(&parameters, mailed->dated_at);
	parameters_text(&parameters, key->facts->fingerprint);
	parameters_flag(&parameters, mailed->prefers_encryption);
	if (!connection_execute(connection, &autocrypt_put, &parameters, &result, fault))
		return false;
	*is_newest_r = PQntuples(result) > 0;
	return true;
}

static bool
put_key(struct connection *connection, const struct mailed_key *mailed, struct found_key *key,
	struct fault *fault)
{
	struct key_asking asking = {
		.address = mailed->address, .source = &key_source_mail, .kind = mailed->kind};
	g_autofree char *evidence = g_strdup_printf("message %s", mailed->message);
	const struct key_statement statement = {.how = mailed->how, .evidence = evidence};
	bool is_newest = true;

	if (mailed->fingerprint != NULL &&
	    strcmp(mailed->fingerprint, key->facts->fingerprint) != 0)
		return true;
	key->facts->gcm |= mailed->gcm;
	key->facts->oaep |= mailed->oaep;
	if (strcmp(mailed->how, "autocrypt") == 0 &&
	    !put_autocrypt(connection, mailed, key, &is_newest, fault))
		return false;
	return !is_newest || answers_put_key(connection, &asking, key, &statement, fault);
}

bool
mailed_settle(struct connection *connection, const struct mailed_key *mailed,
	      const GPtrArray *found, struct fault *fault)
{
	struct parameters parameters = {0};

	if (!transaction_begin(connection, fault))
		return false;
	for (guint i = 0; i < found->len; i++)
		if (!put_key(connection, mailed, g_ptr_array_index(found, i), fault))
			return false;
	parameters_text(&parameters, mailed->id.text);
	return (found->len == 0 || put_chain(connection, mailed, fault)) &&
	       connection_execute(connection, &mailed_taken, &parameters, NULL, fault) &&
	       transaction_commit(connection, fault);
}

bool
mailed_put_off(struct connection *connection, const struct mailed_key *mailed, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, mailed->id.text);
	parameters_number(&parameters, MAILED_TRIES_MAX);
	return connection_execute(connection, &mailed_later, &parameters, NULL, fault);
}
