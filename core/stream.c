#include "core/stream.h"

struct stream {
	struct unsealing unsealing;
	struct sink *next;
};

static bool
take_chunk(void *context, const PGresult *row, struct fault *fault)
{
	struct stream *stream = context;

	return unsealing_chunk(&stream->unsealing, (const unsigned char *)PQgetvalue(row, 0, 0),
			       (size_t)PQgetlength(row, 0, 0), stream->next, fault);
}

bool
stream_read(struct connection *connection, const struct statement *chunks, const char *owner,
	    const struct seal_key *content, const unsigned char *header, size_t header_length,
	    struct sink *next, struct fault *fault)
{
	struct stream stream = {.next = next};
	struct parameters parameters = {0};
	bool good = unsealing_init(&stream.unsealing, content, owner, header, header_length, fault);

	parameters_text(&parameters, owner);
	good = good && connection_rows(connection, chunks, &parameters, take_chunk, &stream, fault);
	if (good && !stream.unsealing.ended)
		good = fault_set(fault, FAULT_CRYPTO,
				 "opening the sealed content %s: its end is missing", owner);
	unsealing_clear(&stream.unsealing);
	return good;
}
