/*
 * A message that a member has written goes out, or is kept as a draft: the record, the mail to the
 * company, the parcel for the author's folder and for other members, and the end of the draft it
 * was, in one commit.
 */
#ifndef POSTSEAL_PORTAL_SENDING_H
#define POSTSEAL_PORTAL_SENDING_H

#include "audit/audit.h"
#include "portal/addressee.h"
#include "portal/composition.h"

struct sending {
	struct request *request;
	struct composition composition;
	const GPtrArray *addressees;	  /* struct addressee; NULL: it is kept as a draft */
	const struct mailbox_item *draft; /* which it was, or NULL */
	struct mailbox_own own;		  /* its place in the author's mailbox */
	struct identifier message;	  /* in the log */
	/* Of the form it was written in: sent twice, it goes out once. */
	unsigned char identity[AUDIT_IDENTITY_BYTES];
	uint64_t size; /* bytes; filled in */
	bool is_full;  /* filled in where it fails: it has no room */
};

/* *again_r: it has gone out already, and nothing was done. */
bool sending_commit(struct sending *sending, bool *again_r, struct fault *fault);

#endif
