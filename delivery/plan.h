/*
 * The plan for a message: what the policy decides for each recipient, the first method that is
 * available for that recipient now, and which recipients share a variant.
 */
#ifndef POSTSEAL_DELIVERY_PLAN_H
#define POSTSEAL_DELIVERY_PLAN_H

#include "core/identifier.h"
#include "delivery/method.h"

struct plan {
	GPtrArray *copies;	 /* struct copy: one for each address, however often it was given */
	GPtrArray *groups;	 /* struct group */
	const char *const *tags; /* to be removed from the subject: those that rules matched, and
				    that of `phone` */
	char *phone; /* where the unlock code is sent, from a tag such as [sms:+41791234567]; or
			NULL */
	bool place_is_taken; /* no group is chosen for in place */
	bool outgrows_place; /* nor one that is sealed: the MTA might refuse it for its size */
	bool keeps_notify;   /* the MTA: what a recipient asked for stays, whatever we ask for */
	const struct copy *refused; /* the copy because of which the message is refused; NULL: it is
				       not refused */
	struct fault refusal;	    /* what the sender is told in that case */
};

/* Decides for every recipient of around->message. */
bool plan_init(struct plan *plan, const struct delivery_context *delivery, struct fault *fault);
void plan_clear(struct plan *plan);

/* Groups the copies that are not committed already, and chooses the group for in place. May be
 * called again. */
void plan_group(struct plan *plan);

/* May this approver decide about the message? Not if they sent it, by whichever of their addresses.
 */
bool plan_may_approve(const struct delivery_context *delivery, const char *approver);

/* The copy for an address in the envelope. */
struct copy *plan_copy(const struct plan *plan, const char *folded);
/* The rules and methods that were tried: {rules: […], methods: […]}; caller frees. */
json_t *copy_trace(const struct copy *copy);

#endif
