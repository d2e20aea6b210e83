/*
 * Listens to PostgreSQL's NOTIFY on one channel, on a thread and a connection of its own. While it
 * is not connected, notifications are missed. So it calls `heard` with NULL when the connection is
 * lost and each time it is made again: anything cached must then be looked up afresh.
 */
#ifndef POSTSEAL_CORE_LISTENER_H
#define POSTSEAL_CORE_LISTENER_H

#include "core/database.h"

struct listener;

/* Copies settings and channel. `heard` is called on the listener's thread; `payload` may be NULL,
 * as described above. */
struct listener *listener_start(const struct database_settings *settings, const char *channel,
				void (*heard)(void *context, const char *payload), void *context);
/* Ends the thread. `heard` is not called after this returns. */
void listener_stop(struct listener *listener);
/* False while notifications may be missed. */
bool listener_is_connected(const struct listener *listener);

#endif
