/*
 * Records failed attempts (postseal.activity); the database itself records what succeeds.
 */
#ifndef POSTSEAL_PORTAL_ACTIVITY_H
#define POSTSEAL_PORTAL_ACTIVITY_H

#include "portal/request.h"

/* Someone at this browser tried something with the account of `address`: "wrong password". */
bool activity_note(struct request *request, const char *address, const char *what,
		   struct fault *fault);
/* The same without a browser: `actor` did something with it, from a network; `detail` may be NULL.
 */
bool activity_add(struct connection *connection, const char *actor, const char *network,
		  const char *address, const char *what, const char *detail, struct fault *fault);

struct throttle; /* portal/web/throttle.h */
/* A try was not even made, because `throttle` does not allow `whom` any more: once for both in a
 * quarter of an hour, so that whoever goes on trying fills no record. `address` NULL: unknown. */
bool activity_note_throttled(struct connection *connection, const struct throttle *throttle,
			     const char *whom, const char *network, const char *address,
			     struct fault *fault);

#endif
