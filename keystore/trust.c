#include "keystore/trust.h"

#include "core/identifier.h"

static const struct statement attestation_put = {
	"attestation_put", "select postseal.attest($1, $2, $3, $4, $5, $6, $7)"};

static const struct statement attestation_end = {
	"attestation_end",
	"update postseal.attestation set revoked_at = now(), revoked_because = $5 "
	"where kind = $1 and address = $2 and ($3::text is null or subject = $3)"
	" and ($4::text is null or author = $4) and revoked_at is null"};

bool
trust_attest(struct connection *connection, const struct attestation *attestation,
	     struct fault *fault)
{
	struct parameters parameters = {0};
	struct identifier id;

	identifier_make(&id);
	parameters_text(&parameters, id.text);
	parameters_text(&parameters, attestation->kind);
	parameters_text(&parameters, attestation->subject);
	parameters_text(&parameters, attestation->address);
	parameters_text(&parameters, attestation->author);
	parameters_text(&parameters, attestation->how);
	parameters_text(&parameters, attestation->since);
	return batch_add(connection, &attestation_put, &parameters, fault);
}

bool
trust_revoke(struct connection *connection, const struct attestation *attestation,
	     const char *because, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, attestation->kind);
	parameters_text(&parameters, attestation->address);
	parameters_text(&parameters, attestation->subject);
	parameters_text(&parameters, attestation->author);
	parameters_text(&parameters, because);
	return batch_add(connection, &attestation_end, &parameters, fault);
}
