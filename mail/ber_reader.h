/*
 * Reads BER (X.690 §8.1) from a stream, element by element: nothing is in memory but what is kept.
 * A failed read looks like an end, so ask the stream afterwards (mime_stream.h).
 */
#ifndef POSTSEAL_MAIL_BER_READER_H
#define POSTSEAL_MAIL_BER_READER_H

#include <gmime/gmime.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/sink.h"

enum { BER_PIECE_BYTES = 16384 };

enum ber_tag {
	BER_INTEGER = 0x02,
	BER_BITS = 0x03,
	BER_OCTETS = 0x04,
	BER_OCTETS_PIECES = 0x24,
	BER_IDENTIFIER = 0x06,
	BER_SEQUENCE = 0x30,
	BER_SET = 0x31,
	BER_FIRST_PLAIN = 0x80, /* [0], primitive */
	BER_FIRST = 0xa0,	/* [0] */
	BER_SECOND = 0xa1,	/* [1] */
};

/* Initialise to zero, but for the stream. */
struct ber_reader {
	GMimeStream *stream;
	unsigned char piece[BER_PIECE_BYTES];
	size_t at, length;
	uint64_t offset;  /* from the start of the stream */
	GByteArray *held; /* gets what is read, unless it is NULL */
};

struct ber_element {
	uint64_t end; /* an offset; 0: of indefinite length */
};

/* The next octet; -1 at the end. */
int ber_peek(struct ber_reader *reader);
int ber_next(struct ber_reader *reader);
bool ber_skip(struct ber_reader *reader, uint64_t count);
/* Passes on what is left of an element of definite length. False also if it ends before. */
bool ber_write(struct ber_reader *reader, const struct ber_element *element, struct sink *sink,
	       struct fault *fault);
/* Identifier and length, of at most 32 bits. */
bool ber_open(struct ber_reader *reader, enum ber_tag tag, struct ber_element *element_r);
bool ber_has_more(struct ber_reader *reader, const struct ber_element *element);
/* After all that it contains. */
bool ber_close(struct ber_reader *reader, const struct ber_element *element);
/* An element of definite length, with at most `most` bytes, whose contents do not matter. */
bool ber_pass(struct ber_reader *reader, enum ber_tag tag, uint64_t most);
/* An element of any kind and form that ends before this offset. */
bool ber_pass_any(struct ber_reader *reader, uint64_t before);

#endif
