/* Keys that admins have imported. */
#include "keystore/source/source.h"

#include <string.h>

#include "keystore/certificate.h"

static const struct statement key_by_address = {
	"key_by_address",
	"select k.fingerprint, k.content, k.owner,"
	" extract(epoch from k.not_before)::bigint, extract(epoch from k.not_after)::bigint,"
	" k.capabilities @> '{gcm}', k.capabilities @> '{oaep}',"
	" k.role = 'own', k.pinned, k.cannot_encrypt, k.cannot_sign,"
	" extract(epoch from k.signs_until)::bigint "
	"from postseal.key_address a " KEY_SOURCE_JOIN(
		"a.key") "where a.address = $1 and k.kind = $2 and k.role in ('recipient', 'own') "
			 "order by k.not_before desc, k.fingerprint"};

static void
read_certificate(struct key *key)
{
	gsize length;
	const unsigned char *at = g_bytes_get_data(key->content, &length);

	key->certificate = d2i_X509(NULL, &at, (long)length);
	if (key->certificate == NULL) {
		key->cannot_encrypt = g_strdup("the certificate cannot be read (RFC 5280 §4.1)");
		key->cannot_sign = g_strdup(key->cannot_encrypt);
		return;
	}
	certificate_uses(key->certificate, &key->cannot_encrypt, &key->cannot_sign);
	key->not_before = certificate_time(X509_get0_notBefore(key->certificate));
	key->not_after = certificate_time(X509_get0_notAfter(key->certificate));
}

struct key *
key_source_row(enum key_kind kind, const PGresult *result, int row)
{
	struct key *key = key_new(kind);
	size_t length;
	unsigned char *content = result_bytes(result, row, 1, &length);

	key->fingerprint = g_strdup(PQgetvalue(result, row, 0));
	key->content = g_bytes_new_take(content, length);
	key->owner = g_strdup(PQgetvalue(result, row, 2));
	key->not_before = (time_t)result_number(result, row, 3);
	key->not_after = (time_t)result_number(result, row, 4);
	key->gcm = result_flag(result, row, 5);
	key->oaep = result_flag(result, row, 6);
	if (kind == KEY_SMIME)
		read_certificate(key);
	key->signs_until = key->not_after;
	return key;
}

struct key *
key_source_imported(enum key_kind kind, const PGresult *result, int row)
{
	struct key *key = key_source_row(kind, result, row);

	key->is_ours = result_flag(result, row, 7);
	key->pinned = result_flag(result, row, 8);
	key->attested = true;
	if (kind == KEY_PGP) {
		key->cannot_encrypt = g_strdup(result_text(result, row, 9));
		key->cannot_sign = g_strdup(result_text(result, row, 10));
		key->signs_until = (time_t)result_number(result, row, 11);
	}
	return key;
}

bool
key_source_find_imported(const struct key_question *question, const struct statement *statement,
			 GPtrArray *keys, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, question->address);
	parameters_text(&parameters, key_kind_name(question->kind));
	if (!connection_execute(question->connection, statement, &parameters, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++)
		g_ptr_array_add(keys, key_source_imported(question->kind, result, row));
	return true;
}

static bool
find(const struct key_question *question, GPtrArray *keys, struct fault *fault)
{
	return key_source_find_imported(question, &key_by_address, keys, fault);
}

const struct key_source key_source_database = {
	.name = "database", .is_always_first = true, .find = find};
