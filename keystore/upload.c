#include "keystore/upload.h"

#include "core/identifier.h"
#include "keystore/trust.h"

static const struct statement upload_put = {
	"account_key_upload",
	"select postseal.account_key_upload($1, $2, $3, $4, $5, $6, to_timestamp($7), to_timestamp($8),"
	" $9::text[])"};

static const struct statement upload_end = {"key_upload_withdraw",
					    "select postseal.key_upload_withdraw($1, $2, $3)"};

bool
upload_store(struct connection *connection, const struct key_facts *key, const char *address,
	     bool *stored_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	struct identifier id;

	identifier_make(&id);
	parameters_text(&parameters, id.text);
	parameters_text(&parameters, key_kind_name(key->kind));
	parameters_text(&parameters, address);
	parameters_text(&parameters, key->fingerprint);
	parameters_bytes(&parameters, g_bytes_get_data(key->content, NULL),
			 g_bytes_get_size(key->content));
	parameters_text(&parameters, key->owner);
	parameters_time(&parameters, key->not_before);
	parameters_time(&parameters, key->not_after);
	parameters_text(&parameters, key_facts_capabilities(key->gcm, key->oaep));
	if (!connection_execute(connection, &upload_put, &parameters, &result, fault))
		return false;
	*stored_r = result_flag(result, 0, 0);
	return true;
}

bool
upload_attest(struct connection *connection, const struct key_facts *key, const char *address,
	      struct fault *fault)
{
	const struct attestation attestation = {.kind = key_kind_name(key->kind),
						.subject = key->fingerprint,
						.address = address,
						.author = address,
						.how = "signed in"};

	return trust_attest(connection, &attestation, fault);
}

bool
upload_withdraw(struct connection *connection, const char *kind, const char *fingerprint,
		const char *address, struct fault *fault)
{
	const struct attestation attestation = {
		.kind = kind, .subject = fingerprint, .address = address, .author = address};
	struct parameters parameters = {0};

	parameters_text(&parameters, kind);
	parameters_text(&parameters, fingerprint);
	parameters_text(&parameters, address);
	return trust_revoke(connection, &attestation, "withdrawn by its owner", fault) &&
	       batch_add(connection, &upload_end, &parameters, fault);
}
