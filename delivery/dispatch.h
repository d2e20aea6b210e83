/*
 * Handles an offered message: the plan is made, the in-place variant is written, and everything
 * else is committed to the database together with the full record. Nothing is handed to the MTA
 * before that (promises 2, 3 and 6).
 */
#ifndef POSTSEAL_DELIVERY_DISPATCH_H
#define POSTSEAL_DELIVERY_DISPATCH_H

#include "audit/audit.h"
#include "delivery/approval/approval.h"
#include "delivery/plan.h"
#include "delivery/variant.h"

struct dispatch {
	struct plan plan;
	/* The group whose variant the MTA gets in place of the message; NULL: none, everything is
	 * in the database. */
	const struct group *in_place;
	struct variant variant;
	struct spool *body; /* of that variant; NULL: the message's own body is kept */
	/* The MTA already has what came of the message. Its first pass has not learnt that, and
	 * offers the message once more. */
	bool is_taken;
};

/* `message` is the record of the message; its identifier may change to that of an earlier offer.
 * True: committed; dispatch->plan.refused says whether the message was refused; or
 * dispatch->is_taken. False: nothing was committed, and nothing may leave. */
bool dispatch_message(struct dispatch *dispatch, const struct delivery_context *delivery,
		      struct audit_message *message, struct fault *fault);
/* Decides a message anew that was approved (delivery/approval/approval.h): around->message,
 * around->approved, around->place_is_taken. `message` is its record: id, offer, policy. True:
 * committed, which can happen only once; if dispatch->plan.refused, nobody gets it, and the sender
 * is told so. False: it still waits. */
bool dispatch_approved(struct dispatch *dispatch, const struct delivery_context *delivery,
		       struct audit_message *message, const struct approval *approval,
		       struct fault *fault);
/* Call this whatever these have returned. */
void dispatch_clear(struct dispatch *dispatch);

#endif
