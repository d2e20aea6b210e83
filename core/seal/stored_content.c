#include "core/seal/stored_content.h"

struct reading {
	struct unsealing unsealing;
	struct sink *next;
};

static bool
take_chunk(void *context, const PGresult *row, struct fault *fault)
{
	struct reading *reading = context;

	return unsealing_chunk(&reading->unsealing, (const unsigned char *)PQgetvalue(row, 0, 0),
			       (size_t)PQgetlength(row, 0, 0), reading->next, fault);
}

/* Reads from the database what was not at hand. */
static bool
read_rest(struct reading *reading, struct connection *connection, const struct statement *chunks,
	  struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, reading->unsealing.owner);
	parameters_number(&parameters, reading->unsealing.number);
	return connection_rows(connection, chunks, &parameters, take_chunk, reading, fault) &&
	       (reading->unsealing.ended ||
		fault_set(fault, FAULT_CRYPTO, "opening the sealed content %s: its end is missing",
			  reading->unsealing.owner));
}

bool
stream_read(const struct stream *stream, struct connection *connection,
	    const struct statement *chunks, const struct seal_key *content, struct sink *next,
	    struct fault *fault)
{
	struct reading reading = {.next = next};
	bool good = unsealing_init(&reading.unsealing, content, stream->owner, stream->header,
				   stream->header_length, fault) &&
		    (stream->first == NULL || unsealing_chunk(&reading.unsealing, stream->first,
							      stream->first_length, next, fault)) &&
		    (reading.unsealing.ended || read_rest(&reading, connection, chunks, fault));

	unsealing_clear(&reading.unsealing);
	return good;
}
