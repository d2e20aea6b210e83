#include "core/stream.h"

static bool
read_chunk(struct connection *connection, const struct statement *chunk, struct unsealing *unsealing,
	   struct sink *next, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	g_autofree unsigned char *sealed = NULL;
	size_t length;

	parameters_text(&parameters, unsealing->owner);
	parameters_number(&parameters, unsealing->number);
	if (!connection_execute(connection, chunk, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 0)
		return fault_set(fault, FAULT_CRYPTO, "opening the sealed content %s: its chunk %u is missing",
				 unsealing->owner, unsealing->number);
	sealed = result_bytes(result, 0, 0, &length);
	return unsealing_chunk(unsealing, sealed, length, next, fault);
}

bool
stream_read(struct connection *connection, const struct statement *chunk, const char *owner,
	    const struct seal_key *content, const unsigned char *header, size_t header_length,
	    struct sink *next, struct fault *fault)
{
	struct unsealing unsealing;
	bool good = unsealing_init(&unsealing, content, owner, header, header_length, fault);

	while (good && !unsealing.ended)
		good = read_chunk(connection, chunk, &unsealing, next, fault);
	sodium_memzero(&unsealing, sizeof unsealing);
	return good;
}
