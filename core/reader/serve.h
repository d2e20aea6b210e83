/*
 * The inside of postseal-reader: one document, with a budget of work and memory that grows with its
 * size, and then the process ends. So no parser has to clean up, and no document can see what
 * another left behind.
 */
#ifndef POSTSEAL_CORE_READER_SERVE_H
#define POSTSEAL_CORE_READER_SERVE_H

#include <glib.h>

#include "core/reader/protocol.h"

/* A format: fills the answer, or ends the process with reader_refuse(). The document is followed by
 * a NUL that does not count. */
struct reader_format {
	const char *name;
	void (*read)(const char *document, size_t length, GString *answer);
};

/* Confines the process (confine.h), reads a document and answers; `formats` ends with a NULL name.
 * Returns the exit status for the program. */
int reader_serve(const struct reader_format *formats);

/* --- for formats --- */

/* The document cannot be read: ends the process. */
_Noreturn void reader_refuse(enum reader_outcome outcome);
/* For parsers that accept an allocator; never returns NULL. */
void *reader_allocate(size_t size);
void reader_release(void *memory);

#endif
