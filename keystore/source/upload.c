/*
 * Keys that owners uploaded in the portal: the newest of each kind. A key counts for as long as its
 * owner's statement stands (keystore/trust.h).
 */
#include "keystore/source/source.h"

#include <string.h>

#include "keystore/certificate.h"
#include "keystore/openpgp.h"

static const struct statement upload_by_address = {
	"upload_by_address",
	"select u.fingerprint, u.content, u.owner,"
	" extract(epoch from u.not_before)::bigint, extract(epoch from u.not_after)::bigint,"
	" u.capabilities @> '{gcm}', u.capabilities @> '{oaep}' "
	"from postseal.key_upload u "
	"where u.address = $1 and u.kind = $2 and exists ("
	"select from postseal.attestation t where t.kind = u.kind and t.subject = u.fingerprint"
	" and t.address = u.address and t.author = u.address and t.how = 'signed in' and t.revoked_at is null)"};

/* The portal is exposed to strangers, so what it wrote about a key is checked against the key
 * itself. */
static void
check_row(struct key *key)
{
	g_autofree char *fingerprint = NULL;

	if (key->kind == KEY_PGP)
		fingerprint = openpgp_fingerprint(key->content);
	else if (key->certificate != NULL)
		fingerprint = certificate_fingerprint(key->certificate);
	if (fingerprint != NULL && strcmp(fingerprint, key->fingerprint) == 0)
		return;
	g_free(key->cannot_encrypt);
	key->cannot_encrypt = g_strdup("the fingerprint on record does not match the key");
}

static struct key *
uploaded_key(enum key_kind kind, const PGresult *result, int row)
{
	struct key *key = key_source_row(kind, result, row);

	g_free(key->cannot_sign);
	key->cannot_sign = g_strdup("it is the recipient's");
	check_row(key);
	return key;
}

static bool
find(const struct key_question *question, GPtrArray *keys, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, question->address);
	parameters_text(&parameters, key_kind_name(question->kind));
	if (!connection_execute(question->connection, &upload_by_address, &parameters, &result,
				fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++)
		g_ptr_array_add(keys, uploaded_key(question->kind, result, row));
	return true;
}

const struct key_source key_source_upload = {
	.name = "upload", .belongs = "database", .is_always_first = true, .find = find};
