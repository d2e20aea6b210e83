/*
 * The inside of postseal-reader: one document, with a budget of work and memory that grows with its
 * size, and then the end. So no parser has to clean up, and no document sees what another left
 * behind.
 */
#ifndef POSTSEAL_CORE_READER_SERVE_H
#define POSTSEAL_CORE_READER_SERVE_H

#include <glib.h>

#include "core/reader/protocol.h"

/* A format: fills the answer, or ends by reader_refuse(). The document has a NUL behind it that
 * does not count. */
struct reader_format {
	const char *name;
	void (*read)(const char *document, size_t length, GString *answer);
};

/* Confines the process (confine.h), reads a document and answers; `formats` ends with a NULL name.
 * The status to end the program with. */
int reader_serve(const struct reader_format *formats);

/* --- for formats --- */

/* The document cannot be read: ends the process. */
_Noreturn void reader_refuse(enum reader_outcome outcome);
/* For parsers that can be told where to allocate; never NULL. */
void *reader_allocate(size_t size);
void reader_release(void *memory);

#endif
