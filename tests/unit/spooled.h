/* What is in a spool, and the file behind it, for tests. */
#ifndef POSTSEAL_TESTS_SPOOLED_H
#define POSTSEAL_TESTS_SPOOLED_H

#include <stdio.h>
#include <unistd.h>

#include "core/spool.h"

/* All of it, with a NUL behind; NULL if it cannot be read. Caller frees. */
static inline char *
spooled_text(const struct spool *spool)
{
	g_autofree char *text = g_malloc0(spool_size(spool) + 1);
	struct fault fault;
	size_t got = 0;

	for (uint64_t at = 0; at < spool_size(spool); at += got)
		if (!spool_read(spool, at, text + at, spool_size(spool) - at, &got, &fault))
			return NULL;
	return g_steal_pointer(&text);
}

/* The only file without a name that this process has open; -1: there is none. */
static inline int
spooled_file(void)
{
	for (int fd = 0; fd < 256; fd++) {
		g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
		g_autofree char *path = g_file_read_link(link, NULL);

		if (path != NULL && g_str_has_prefix(path, "/tmp/") &&
		    g_str_has_suffix(path, " (deleted)"))
			return fd;
	}
	return -1;
}

#endif
