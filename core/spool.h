/*
 * A message in transit: bytes that are appended once and read as often as needed. Small messages
 * stay in memory; larger ones go to a file that has no name, so that nothing is left behind
 * whatever happens to the process. Memory does not grow with the size.
 *
 * A failure sticks: if anything could not be written or read once, the whole spool becomes
 * unusable, since nobody could tell later that something is missing. spool_check() reports this at
 * the end, for callers that read through a library that takes a read error for the end.
 */
#ifndef POSTSEAL_CORE_SPOOL_H
#define POSTSEAL_CORE_SPOOL_H

#include <glib.h>

#include "core/sink.h"

struct spool_settings {
	const char *directory; /* for the unnamed files */
	size_t memory_max;     /* bytes kept in memory before a file is used */
	uint64_t size_max;     /* bytes; more is FAULT_TOO_BIG. 0: no limit */
	/* What is in the file is encrypted with a key that only this process has: nothing that can
	 * be read is left on the disk. */
	bool is_sealed;
};

struct spool;

/* `settings` must outlive the spool. */
struct spool *spool_new(const struct spool_settings *settings);
void spool_free(struct spool *spool);
typedef struct spool spool_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(spool_auto, spool_free)

/* A sink that appends to the spool; it lives as long as the spool. */
struct sink *spool_sink(struct spool *spool);
bool spool_append(struct spool *spool, const void *data, size_t length, struct fault *fault);
uint64_t spool_size(const struct spool *spool);

/* Reads up to `length` bytes from `offset`; *got_r is 0 at the end. */
bool spool_read(const struct spool *spool, uint64_t offset, void *data, size_t length,
		size_t *got_r, struct fault *fault);
/* Writes everything from `offset` on to `next`. */
bool spool_copy(const struct spool *spool, uint64_t offset, struct sink *next, struct fault *fault);

/* A range of bytes in a spool, such as one of several files that are in it. */
struct spool_part {
	const struct spool *spool;
	uint64_t offset, length;
};
bool spool_part_copy(const struct spool_part *part, struct sink *next, struct fault *fault);

/* False, with the original fault, if anything could not be written or read. */
bool spool_check(const struct spool *spool, struct fault *fault);

#endif
