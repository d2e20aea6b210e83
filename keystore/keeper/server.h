/*
 * The keeper's socket. A connection is given to a worker when its request is there: one that says
 * nothing holds nobody up, and is closed after some seconds. There are never more connections than
 * the process has descriptors for; others wait in the socket's queue.
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_SERVER_H
#define POSTSEAL_KEYSTORE_KEEPER_SERVER_H

#include "core/fault.h"
#include "core/settings.h"

struct server;

/* Listens at `keeper socket`; NULL with `fault` filled where that fails. */
struct server *server_new(const struct settings *settings, struct fault *fault);
void server_free(struct server *server);

/* Calls `serve` on a thread for each connection with something to read, until server_stop(); what
 * is in hand then is finished. The connection is closed after it. */
void server_run(struct server *server, void (*serve)(void *context, int fd), void *context);
/* From any thread. */
void server_stop(struct server *server);

#endif
