/*
 * Streams for GMime: over a spool, and over the decoded content of a part.
 */
#ifndef POSTSEAL_MAIL_MIME_STREAM_H
#define POSTSEAL_MAIL_MIME_STREAM_H

#include <gmime/gmime.h>

#include "core/spool.h"

/* The spool must outlive it. The caller's; NULL with `fault` filled. */
GMimeStream *mime_stream_of_spool(const struct spool *spool, struct fault *fault);
/* Without the transfer encoding; with `as_text`, as UTF-8 where the charset is known. An empty
 * one for a part without content. The caller's. */
GMimeStream *mime_stream_of_part(GMimePart *part, bool as_text);

#endif
