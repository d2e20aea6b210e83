/*
 * The keeper's socket. A connection is passed to a worker once its request has arrived: one that
 * sends nothing delays nobody, and is closed after some seconds. There are never more connections
 * than the process has descriptors for; others wait in the socket's queue.
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_SERVER_H
#define POSTSEAL_KEYSTORE_KEEPER_SERVER_H

#include "core/fault.h"
#include "core/settings.h"

struct server;

/* Listens at `keeper socket`; NULL with `fault` filled on failure. */
struct server *server_new(const struct settings *settings, struct fault *fault);
void server_free(struct server *server);

/* Calls `serve` on a thread for each connection with something to read, until server_stop();
 * requests being served at that time are finished. The connection is closed after its request. */
void server_run(struct server *server, void (*serve)(void *context, int fd), void *context);
/* Can be called from any thread. */
void server_stop(struct server *server);

#endif
