/*
 * Asks postseal-reader(8): untrusted formats (such as HTML) are parsed in small processes that have
 * no files, no network and no database, with limits on time, memory and output. Each process reads
 * one document: whatever the document does to the parser, it happens there, and the process never
 * sees other people's documents.
 */
#ifndef POSTSEAL_CORE_READER_READER_H
#define POSTSEAL_CORE_READER_READER_H

#include <glib.h>

#include "core/fault.h"
#include "core/reader/protocol.h"
#include "core/settings.h"
#include "core/spool.h"

struct reader;

/* Runs at most as many processes as `reader processes` says. */
struct reader *reader_new(const struct settings *settings);
void reader_free(struct reader *reader);

/* Converts the document from the format; caller frees. May be called from any thread; waits until a
 * process is free and has finished. NULL with `fault` filled: FAULT_INPUT if the document is at
 * fault (too large, nested too deeply, too much work, or its parser crashed twice or was stopped),
 * FAULT_OVERLOAD if no process became free, FAULT_STORAGE if none can be started or asked. */
GBytes *reader_ask(struct reader *reader, const char *format, const void *document, size_t length,
		   struct fault *fault);
/* The same for a document in a spool. */
GBytes *reader_ask_part(struct reader *reader, const char *format,
			const struct spool_part *document, struct fault *fault);

/* Is given the pieces of a document as they come. False with `fault` filled ends the reading. */
struct reader_taker {
	/* Before the first piece, and once more after a crash: what came before is void. */
	void (*begin)(struct reader_taker *taker);
	bool (*take)(struct reader_taker *taker, enum reader_piece piece, const char *bytes,
		     size_t length, struct fault *fault);
};
/* The same for a format that answers in pieces (protocol.h); ends by `until`
 * (g_get_monotonic_time()) at the latest, also the wait for a process, which fails with
 * FAULT_OVERLOAD. What came before a failure is valid. */
bool reader_take(struct reader *reader, const char *format, const struct spool_part *document,
		 gint64 until, struct reader_taker *taker, struct fault *fault);

/* Can a process be started, and does it know the format? */
bool reader_check(const struct settings *settings, const char *format, struct fault *fault);

#endif
