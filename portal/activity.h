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

#endif
