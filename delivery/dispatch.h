/*
 * What happens to a message that is offered: it is planned, the variant for in place is made,
 * and everything else is committed to the database with the record of all of it. Nothing is
 * handed to the MTA before (promises 2, 3 and 6).
 */
#ifndef POSTSEAL_DELIVERY_DISPATCH_H
#define POSTSEAL_DELIVERY_DISPATCH_H

#include "audit/audit.h"
#include "delivery/plan.h"
#include "delivery/variant.h"

struct dispatch {
	struct plan plan;
	/* The group whose variant the MTA gets in place of the message; NULL: none, all of it
	 * is in the database. */
	const struct group *in_place;
	struct variant variant;
	struct spool *body; /* of that variant; NULL: the message's own body stays */
};

/* `message` is the record of the message; its identifier may become that of an earlier offer.
 * True: committed; dispatch->plan.refused says whether it was refused. False: nothing was
 * committed, and nothing may leave. */
bool dispatch_message(struct dispatch *dispatch, const struct surroundings *around,
		      struct audit_message *message, struct fault *fault);
/* Needed whatever dispatch_message() returned. */
void dispatch_clear(struct dispatch *dispatch);

#endif
