/*
 * Serves the MTA on our SASL socket: each of its processes keeps a connection, in a thread of its
 * own.
 */
#ifndef POSTSEAL_MILTER_SUBMISSION_SASL_SERVER_H
#define POSTSEAL_MILTER_SUBMISSION_SASL_SERVER_H

#include "core/database.h"
#include "core/settings.h"

struct sasl_server;

/* `listener` is the server's from then on; the rest must outlive it. NULL with `fault` filled:
 * there is no descriptor left. */
struct sasl_server *sasl_server_start(struct database *database, const struct settings *settings,
				      int listener, struct fault *fault);
/* Ends all connections, and waits for their threads. */
void sasl_server_stop(struct sasl_server *server);
unsigned sasl_server_connections(struct sasl_server *server);

#endif
