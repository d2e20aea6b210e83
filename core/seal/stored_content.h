/*
 * Sealed content that is stored in the database in chunks: reading it in order, as it comes.
 */
#ifndef POSTSEAL_CORE_SEAL_STORED_CONTENT_H
#define POSTSEAL_CORE_SEAL_STORED_CONTENT_H

#include "core/database.h"
#include "core/seal/content.h"

/* Sealed content of the row `owner`, as the database has it. */
struct stream {
	const char *owner;
	const unsigned char *header;
	size_t header_length;
	const unsigned char *first; /* its first chunk, or NULL where that is not at hand */
	size_t first_length;
};

/* Opens the content and writes it to `next`. `chunks` selects the bytes of the chunks from $2 on of
 * the owner $1, in order and in the binary format. */
bool stream_read(const struct stream *stream, struct connection *connection,
		 const struct statement *chunks, const struct seal_key *content, struct sink *next,
		 struct fault *fault);

#endif
