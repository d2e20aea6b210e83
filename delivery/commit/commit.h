/*
 * The parts of a message's one commit: the record of its copies, and for each group what its
 * method's carriage asks for; and who is told. They are added to a batch, which delivery/dispatch.c
 * begins and commits: nothing counts before that. Each returns false with `fault` filled if it
 * cannot be added, and then the batch must not be committed.
 */
#ifndef POSTSEAL_DELIVERY_COMMIT_COMMIT_H
#define POSTSEAL_DELIVERY_COMMIT_COMMIT_H

#include "delivery/dispatch.h"
#include "delivery/outbox/notice.h"

struct commit {
	struct dispatch *dispatch;
	const struct delivery_context *delivery;
	struct audit_message *message;
	struct connection *connection;
	const struct approval *approval; /* that is carried out; or NULL */
};

/* --- the record (record.c) --- */

/* `again`: the message is on record from an earlier offer, and only its copies may be new. */
bool commit_record(const struct commit *commit, bool again, struct fault *fault);
bool commit_record_copies(const struct commit *commit, struct fault *fault);
/* Why the copy is sent as it is, or not at all. Caller frees. */
char *commit_reason(const struct dispatch *dispatch, const struct copy *copy);

/* --- one group --- */

/* For the courier to hand to the MTA. */
bool commit_queue(const struct commit *commit, const struct group *group, struct fault *fault);
/* For its recipients to pick up. */
bool commit_park(const struct commit *commit, const struct group *group, struct fault *fault);
/* Until it is approved. */
bool commit_hold(const struct commit *commit, const struct group *group, struct fault *fault);

/* --- who is told (tell.c) --- */

/* To the sender, about this message; valid as long as `commit`. */
struct notice commit_notice(const struct commit *commit);
/* The receipt that a rule asks for, for any of the copies; or NULL. */
const char *commit_receipt(const GPtrArray *copies);
/* How the message was sent, where a rule wants the sender to know. */
bool commit_tell_sender(const struct commit *commit, struct fault *fault);
/* Which recipients a rule refuses while others get the message. */
bool commit_tell_refused(const struct commit *commit, struct fault *fault);
/* A message was approved: nobody gets it, as the other rules do not allow it; or how it was sent.
 */
bool commit_tell_not_sent(const struct commit *commit, struct fault *fault);
bool commit_tell_released(const struct commit *commit, struct fault *fault);

#endif
