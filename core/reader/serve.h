/*
 * The inside of postseal-reader: one document, with a budget of work and memory that grows with its
 * size, and then the process ends. So no parser has to clean up, and no document can see what
 * another left behind.
 */
#ifndef POSTSEAL_CORE_READER_SERVE_H
#define POSTSEAL_CORE_READER_SERVE_H

#include <glib.h>
#include <stdbool.h>

#include "core/reader/protocol.h"

/* A format: fills the answer, or ends the process with reader_refuse(). The document is followed by
 * a NUL that does not count. */
struct reader_format {
	const char *name;
	void (*read)(const char *document, size_t length, GString *answer);
	int64_t work_microseconds; /* in place of those of the limits; 0: as they are */
};

/* What one document may take. */
struct reader_limits {
	size_t document_max;	   /* bytes */
	size_t allocated_max;	   /* bytes, by reader_allocate(), at any time */
	size_t memory_max;	   /* bytes of the whole process, programs and libraries included */
	int64_t work_microseconds; /* of the processor, for any document, however small */
	bool tries_files;	   /* confine.h */
	int64_t byte_nanoseconds;  /* in addition, for each of its bytes */
};
/* For a page that somebody waits for. */
extern const struct reader_limits reader_page_limits;

/* Confines the process (confine.h), reads a document and answers; `formats` ends with a NULL name.
 * Returns the exit status for the program. */
int reader_serve(const struct reader_format *formats, const struct reader_limits *limits);

/* --- for formats --- */

/* The document cannot be read: ends the process. */
_Noreturn void reader_refuse(enum reader_outcome outcome);
/* Sends a piece of at most READER_PIECE_MAX bytes before the answer. Ends the process if there are
 * too many, or nobody receives them. */
void reader_tell(enum reader_piece piece, const char *bytes, size_t length);
/* For parsers that accept an allocator; never returns NULL. */
void *reader_allocate(size_t size);
void reader_release(void *memory);

#endif
