/*
 * Is a message that is on record offered again, because nobody heard our answer, or did somebody
 * send the same thing a second time? Its content cannot tell. The MTA's log can: it knows the queue
 * ID of whatever the MTA took, or threw away as it was told, and the courier that follows the log
 * takes such a message off the list of offers. Where no courier follows a log, an answer counts as
 * heard when the MTA went on, or ended its connection, after it.
 */
#ifndef POSTSEAL_DELIVERY_OFFER_H
#define POSTSEAL_DELIVERY_OFFER_H

#include "audit/audit.h"
#include "core/database.h"

/* One that was answered: of which message, and what it is known by when it comes again. */
struct offered {
	struct identifier message;
	unsigned char identity[AUDIT_IDENTITY_BYTES];
};

/* `identity` (AUDIT_IDENTITY_BYTES) is on the list of offers. Waits some seconds where the log may
 * still tell. *again_r: nobody heard the answer; else it is not on the list any more. False with a
 * temporary fault where that stays open. */
bool offer_is_again(struct database *database, const unsigned char *identity, bool *again_r,
		    struct fault *fault);

/* The answers to these (struct offered) were heard, as far as the connection told. It counts where
 * no log is followed, which knows better. */
bool offer_heard(struct database *database, const GArray *offers, struct fault *fault);

#endif
