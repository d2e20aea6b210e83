/*
 * Hears PostgreSQL's NOTIFY on one channel, on a thread and a connection of its own.
 * While it is not connected, notifications are missed; so it calls `heard` with NULL each
 * time the connection was made anew and when it is lost, and what was cached must be
 * looked up again.
 */
#ifndef POSTSEAL_CORE_LISTENER_H
#define POSTSEAL_CORE_LISTENER_H

#include "core/database.h"

struct listener;

/* Copies settings and channel. `heard` is called on the listener's thread; `payload` is NULL as
 * said above. */
struct listener *listener_start(const struct database_settings *settings, const char *channel,
				void (*heard)(void *context, const char *payload), void *context);
/* Ends the thread. `heard` is not called after it returned. */
void listener_stop(struct listener *listener);
/* False while notifications may be missed. */
bool listener_is_connected(const struct listener *listener);

#endif
