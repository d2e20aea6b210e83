/*
 * A message that is on record arrives again: is it offered again because nobody received our reply,
 * or did someone send the same thing a second time? The content cannot tell. The MTA's log can: it
 * names the queue ID of everything the MTA accepted, or discarded as told, and the courier that
 * follows the log removes such a message from the list of offers. If no courier follows a log, a
 * reply counts as received when the MTA went on, or ended its connection, after it.
 */
#ifndef POSTSEAL_DELIVERY_OFFER_H
#define POSTSEAL_DELIVERY_OFFER_H

#include "audit/audit.h"
#include "core/database.h"

/* A message that was answered: its record, and the identity by which it is recognised. */
struct offered {
	struct identifier message;
	unsigned char identity[AUDIT_IDENTITY_BYTES];
};

/* `identity` (AUDIT_IDENTITY_BYTES) is on the list of offers. Waits some seconds if the log may
 * still tell. *again_r: nobody received the reply; otherwise it has been removed from the list.
 * False with a temporary fault if that cannot be decided. */
bool offer_is_again(struct database *database, const unsigned char *identity, bool *again_r,
		    struct fault *fault);

/* The replies to these (struct offered) were received, as far as the connection shows. This counts
 * only if no log is followed, which knows better. */
bool offer_heard(struct database *database, const GArray *offers, struct fault *fault);

#endif
