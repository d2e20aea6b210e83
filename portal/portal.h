/*
 * The web side of pickup: which URL does what (RFC 9110), with libmicrohttpd. The table of routes
 * is in portal.c.
 */
#ifndef POSTSEAL_PORTAL_PORTAL_H
#define POSTSEAL_PORTAL_PORTAL_H

#include "portal/request.h"

/* Connections to the database: two for each request that is served apart, since opening a message
 * takes one of its own, and one for each thread that sends. With fewer, all of them could wait for
 * each other. */
enum { PORTAL_CONNECTIONS_MAX = 24 };

/* Serves requests on `listener`, a listening socket, in threads of its own until it is stopped.
 * `portal` must have policy, settings, courier and database filled in, and must outlive the server.
 */
bool portal_start(struct portal *portal, int listener, struct fault *fault);
void portal_stop(struct portal *portal);
/* The route for a request; NULL, with *path_is_known_r set, if there is none for this method. */
const struct route *portal_route(const char *method, const char *path, bool *path_is_known_r);

#endif
