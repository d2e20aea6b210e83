/*
 * The web side of pickup: which address does what (RFC 9110), with libmicrohttpd. The table is in
 * portal.c.
 */
#ifndef POSTSEAL_PORTAL_PORTAL_H
#define POSTSEAL_PORTAL_PORTAL_H

#include "portal/request.h"

/* To the database: two for each request that is served apart, since a message is opened through one
 * of its own, and one for each thread that sends. With fewer, all could wait for each other. */
enum { PORTAL_CONNECTIONS_MAX = 24 };

/* Serves requests on `listener`, a listening socket, on threads of its own until it is stopped.
 * `portal` has policy, settings, courier and database filled in, and must outlive it. */
bool portal_start(struct portal *portal, int listener, struct fault *fault);
void portal_stop(struct portal *portal);
/* The route for a request; NULL, with *path_is_known_r, where there is none for this method. */
const struct route *portal_route(const char *method, const char *path, bool *path_is_known_r);

#endif
