/*
 * Streams for GMime: over an entity, with its header in memory and its body in a spool, and over
 * the decoded content of a part.
 *
 * GMime takes a read error for the end of its input. The spool keeps the first error: call
 * mime_stream_is_good() after the last byte was read. If it returns false, nothing that GMime said
 * before counts.
 */
#ifndef POSTSEAL_MAIL_MIME_STREAM_H
#define POSTSEAL_MAIL_MIME_STREAM_H

#include <gmime/gmime.h>

#include "core/spool.h"

/* Starts GMime. Call once, before any thread. */
void mime_start(void);

/* A stream over a copy of `header`, followed by the bytes of the spool, which must outlive the
 * stream. `header` may be NULL. Caller unrefs. */
GMimeStream *mime_stream_of_entity(const GString *header, const struct spool *body);
/* Has every read of the stream, and of the parts in it, succeeded? Otherwise fills `fault`. */
bool mime_stream_is_good(GMimeStream *stream, struct fault *fault);

/* The content of a part, read from its beginning, with the transfer encoding decoded. A part
 * without content has an empty stream. Caller unrefs. */
GMimeStream *mime_stream_of_part(GMimePart *part);
/* Reads until the buffer is full or the stream ends. Returns the bytes that were read. */
size_t mime_stream_fill(GMimeStream *stream, char *buffer, size_t size);

#endif
