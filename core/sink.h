/*
 * A destination for bytes, one piece at a time. Sinks are chained, so that a message can be signed,
 * encoded, sealed and stored without ever being in memory as a whole.
 *
 * A sink belongs to whoever made it. Call sink_finish() once, after the last byte; it passes on
 * what the sink still holds, but does not finish the sink after it.
 *
 * A failure sticks: after one, a sink accepts nothing more and cannot be finished. So what it has
 * written is never taken for complete, even if a caller forgot to check a result.
 */
#ifndef POSTSEAL_CORE_SINK_H
#define POSTSEAL_CORE_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fault.h"

struct sink {
	bool (*write)(struct sink *sink, const void *data, size_t length, struct fault *fault);
	bool (*finish)(struct sink *sink, struct fault *fault); /* may be NULL */
	bool failed; /* kept by sink_write() and sink_finish(), which all callers use */
};

bool sink_write(struct sink *sink, const void *data, size_t length, struct fault *fault);
bool sink_print(struct sink *sink, struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool sink_finish(struct sink *sink, struct fault *fault);

/* Counts the bytes that pass, without storing them. */
struct counting_sink {
	struct sink sink;
	uint64_t bytes;
};
void counting_sink_init(struct counting_sink *counter);

enum { BASE64_LINE_BYTES = 57 }; /* 76 characters, RFC 2045 §6.8 */

/* Base64 in lines of 76 characters and CRLF (RFC 2045 §6.8). */
struct base64_sink {
	struct sink sink;
	struct sink *next;
	unsigned char held[BASE64_LINE_BYTES];
	size_t held_length;
};
void base64_sink_init(struct base64_sink *encoder, struct sink *next);

#endif
