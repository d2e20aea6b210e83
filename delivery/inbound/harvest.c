#include "delivery/inbound/harvest.h"

#include "keystore/trust.h"

bool
harvest(struct connection *connection, const struct inbound *inbound, const char *message,
	struct fault *fault)
{
	g_autofree char *evidence = g_strdup_printf("message %s", message);
	struct attestation attestation = {
		.kind = "smime", .how = "signed mail", .evidence = evidence};

	if (inbound == NULL || inbound->seen_key == NULL)
		return true;
	attestation.subject = inbound->seen_key;
	attestation.address = attestation.author = inbound->seen_address;
	return trust_attest(connection, &attestation, fault);
}
