/*
 * Cleanup for the handles of libraries: g_autoptr() frees them whichever way a function returns.
 * GLib and GMime define it for their own types.
 */
#ifndef POSTSEAL_CORE_CLEANUP_H
#define POSTSEAL_CORE_CLEANUP_H

#include <glib.h>
#include <jansson.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <unistd.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PGresult, PQclear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PGconn, PQfinish)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FILE, fclose)

static inline void
close_descriptor(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define AUTO_CLOSE __attribute__((cleanup(close_descriptor)))

#endif
