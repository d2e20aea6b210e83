/*
 * How long a connection may take for what it does. libmicrohttpd ends those that are silent; who
 * sends or takes a byte now and then would keep one for ever, with all that belongs to it. One that
 * is beyond its deadline is shut down, which libmicrohttpd takes for the client's own doing.
 */
#ifndef POSTSEAL_PORTAL_WEB_DEADLINE_H
#define POSTSEAL_PORTAL_WEB_DEADLINE_H

#include <glib.h>

struct deadlines;
struct deadline;

struct deadlines *deadlines_new(void);
/* None may be left. */
void deadlines_free(struct deadlines *deadlines);

/* Of a socket that stays open until it is removed. */
struct deadline *deadline_add(struct deadlines *deadlines, int socket);
void deadline_remove(struct deadline *deadline);
/* `at` is of g_get_monotonic_time(), and kept to the second; 0: none. From any thread; `deadline`
 * may be NULL. */
void deadline_set(struct deadline *deadline, gint64 at);

#endif
