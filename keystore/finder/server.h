/*
 * The finder's socket. Connections stay open for as long as their askers like; questions are handed
 * to the schedule as they arrive. What an asker that has left asked for is not looked for any more,
 * and answers that come too late for it are thrown away.
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_SERVER_H
#define POSTSEAL_KEYSTORE_FINDER_SERVER_H

#include "core/fault.h"
#include "core/settings.h"

struct server;

/* Listens at `finder socket`, which only its user and group can reach. NULL with `fault` filled on
 * failure. The settings must outlive it. */
struct server *server_new(const struct settings *settings, struct fault *fault);
void server_free(struct server *server);

/* Until server_stop(). */
void server_run(struct server *server);
/* Can be called from any thread. */
void server_stop(struct server *server);

#endif
