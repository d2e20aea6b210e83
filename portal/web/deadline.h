/*
 * How long a connection may take. libmicrohttpd closes silent connections, but a client that sends
 * or reads a byte now and then could keep one open for ever, with everything that belongs to it. A
 * connection past its deadline is shut down, which libmicrohttpd treats as if the client had closed
 * it.
 */
#ifndef POSTSEAL_PORTAL_WEB_DEADLINE_H
#define POSTSEAL_PORTAL_WEB_DEADLINE_H

#include <glib.h>

#include "core/metrics.h"

struct deadlines;
struct deadline;

/* `cut` counts the connections that are shut down. */
struct deadlines *deadlines_new(enum metric cut);
/* There must be none left. */
void deadlines_free(struct deadlines *deadlines);

/* For a socket that stays open until the deadline is removed. */
struct deadline *deadline_add(struct deadlines *deadlines, int socket);
void deadline_remove(struct deadline *deadline);
/* `at` is a time of g_get_monotonic_time(), rounded to seconds; 0: no deadline. May be called from
 * any thread; `deadline` may be NULL. */
void deadline_set(struct deadline *deadline, gint64 at);

#endif
