/*
 * Takes SignedData with its content (RFC 5652 §5.2, RFC 8551 §3.5.2) apart, so that the content can
 * be checked without being in memory.
 */
#ifndef POSTSEAL_MAIL_CMS_CONTENT_H
#define POSTSEAL_MAIL_CMS_CONTENT_H

#include <gmime/gmime.h>
#include <stdbool.h>

#include "core/sink.h"

/* Writes the content to the sink, without finishing it, and returns the same structure without
 * content, of at most about `most` bytes; caller unrefs. NULL if the stream is not exactly one such
 * structure, or if the sink failed. A failed read looks like an end, so ask the stream afterwards
 * (mime_stream.h). */
GBytes *cms_content_take(GMimeStream *ber, uint64_t most, struct sink *content,
			 struct fault *fault);

#endif
