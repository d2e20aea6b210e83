/*
 * Sealed content that is stored in the database in chunks: reads it in order, chunk by chunk.
 */
#ifndef POSTSEAL_CORE_SEAL_STORED_CONTENT_H
#define POSTSEAL_CORE_SEAL_STORED_CONTENT_H

#include "core/database.h"
#include "core/seal/content.h"

/* Sealed content of the row `owner`, as stored in the database. */
struct stream {
	const char *owner;
	const unsigned char *header;
	size_t header_length;
	const unsigned char *first; /* its first chunk, or NULL if that is not at hand */
	size_t first_length;
};

/* Opens the content and writes it to `next`. `chunks` selects the bytes of the owner $1's chunks
 * from number $2 on, in order and in binary format. */
bool stream_read(const struct stream *stream, struct connection *connection,
		 const struct statement *chunks, const struct seal_key *content, struct sink *next,
		 struct fault *fault);

#endif
