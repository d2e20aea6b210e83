/*
 * Streams for GMime: over an entity, whose header is in memory and whose body is in a spool, and
 * over the decoded content of a part.
 *
 * GMime takes a read error for the end of what it reads. The spool keeps the first one:
 * mime_stream_is_good() has to be asked after the last byte was read, and what GMime said before
 * means nothing where the answer is no.
 */
#ifndef POSTSEAL_MAIL_MIME_STREAM_H
#define POSTSEAL_MAIL_MIME_STREAM_H

#include <gmime/gmime.h>

#include "core/spool.h"

/* Starts GMime. Call once, before any thread. */
void mime_start(void);

/* The bytes of `header`, of which a copy is kept, and behind them those of the spool, which must
 * outlive the stream. `header` may be NULL. Caller unrefs. */
GMimeStream *mime_stream_of_entity(const GString *header, const struct spool *body);
/* Has every read of the stream, and of the parts in it, gone well? Else fills `fault`. */
bool mime_stream_is_good(GMimeStream *stream, struct fault *fault);

/* The content of a part, read from its beginning, without the transfer encoding. An empty stream
 * for a part without content. Caller unrefs. */
GMimeStream *mime_stream_of_part(GMimePart *part);

#endif
