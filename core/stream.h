/*
 * Sealed content that lies in the database in chunks: reading it in order, one at a time.
 */
#ifndef POSTSEAL_CORE_STREAM_H
#define POSTSEAL_CORE_STREAM_H

#include "core/database.h"
#include "core/seal.h"

/* Opens the content of the row `owner` and writes it to `next`. `chunk` selects the bytes of
 * chunk $2 of the owner $1. */
bool stream_read(struct connection *connection, const struct statement *chunk, const char *owner,
		 const struct seal_key *content, const unsigned char *header, size_t header_length,
		 struct sink *next, struct fault *fault);

#endif
