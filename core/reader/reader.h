/*
 * Asks postseal-reader(8): foreign formats (HTML, and what else strangers make) are parsed in small
 * processes that have no files, no network and no database, with limits of time, memory and output.
 * Each reads one document: whatever that does to its parser, it does there, and never sees what
 * others were sent.
 */
#ifndef POSTSEAL_CORE_READER_READER_H
#define POSTSEAL_CORE_READER_READER_H

#include <glib.h>

#include "core/fault.h"
#include "core/reader/protocol.h"
#include "core/settings.h"

struct reader;

/* As many processes at most as `reader processes` says. */
struct reader *reader_new(const struct settings *settings);
void reader_free(struct reader *reader);

/* What the format makes of the document; caller frees. From any thread; waits until a process is
 * free and has done it. NULL with `fault` filled: FAULT_INPUT where the document is at fault (too
 * large, too deep, too much work, or it broke or stopped its parser), FAULT_OVERLOAD where none
 * became free, FAULT_STORAGE where none can be started. */
GBytes *reader_ask(struct reader *reader, const char *format, const void *document, size_t length,
		   struct fault *fault);

/* Can a process be started, and does it know the format? */
bool reader_check(const struct settings *settings, const char *format, struct fault *fault);

#endif
