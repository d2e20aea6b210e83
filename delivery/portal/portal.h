/*
 * The web side of pickup: which address does what (RFC 9110), with libmicrohttpd.
 *
 *   GET  /                  what this is
 *   GET  /m/LINK            asks for the unlock code; tells nothing and uses nothing up
 *   POST /m/LINK            tries the code, and leads to /message
 *   GET  /message           the message of the session
 *   GET  /message.eml       all of it
 *   GET  /attachment/N      one attachment, from 0
 *   POST /leave             ends the session
 */
#ifndef POSTSEAL_DELIVERY_PORTAL_PORTAL_H
#define POSTSEAL_DELIVERY_PORTAL_PORTAL_H

#include "delivery/portal/session.h"

struct portal;

/* Serves requests on `listener`, a listening socket, on threads of its own until it is
 * stopped. `context` must outlive it. */
struct portal *portal_start(const struct session_context *context, int listener, struct fault *fault);
void portal_stop(struct portal *portal);

#endif
