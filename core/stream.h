/*
 * Sealed content that lies in the database in chunks: reading it in order, as it comes.
 */
#ifndef POSTSEAL_CORE_STREAM_H
#define POSTSEAL_CORE_STREAM_H

#include "core/database.h"
#include "core/sealing.h"

/* Opens the content of the row `owner` and writes it to `next`. `chunks` selects
 * the bytes of the chunks of the owner $1, in order and in the binary format. */
bool stream_read(struct connection *connection, const struct statement *chunks, const char *owner,
		 const struct seal_key *content, const unsigned char *header, size_t header_length,
		 struct sink *next, struct fault *fault);

#endif
