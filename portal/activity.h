/*
 * What is tried in vain, for the record (postseal.activity): what succeeds, the database puts down
 * by itself.
 */
#ifndef POSTSEAL_PORTAL_ACTIVITY_H
#define POSTSEAL_PORTAL_ACTIVITY_H

#include "portal/request.h"

/* Somebody at this browser tried something with the account of `address`: "wrong password". */
bool activity_note(struct request *request, const char *address, const char *what,
		   struct fault *fault);

#endif
