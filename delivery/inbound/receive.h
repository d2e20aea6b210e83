/*
 * Mail that comes in: from outside, for an address of the organisation. Rules that begin with
 * `receive` decide about it, for each recipient; mail for everybody else goes out, also in the same
 * message.
 */
#ifndef POSTSEAL_DELIVERY_INBOUND_RECEIVE_H
#define POSTSEAL_DELIVERY_INBOUND_RECEIVE_H

#include "delivery/inbound/open.h"
#include "delivery/method.h"

/* What was found out about a message; lives as long as the message is handled. */
struct inbound {
	struct sealed outer;
	/* Of the author, as a good signature proves; or NULL. */
	enum key_kind seen_kind;
	char *seen_key, *seen_address;
	GPtrArray *mailed; /* struct mailed_key: what the message brought */
	GPtrArray
		*announced; /* struct key_asking: who is asked for a key that it announces; or NULL
			     */
};

/* Is the message from outside? Nobody authenticated, and either the client is not in the setting
 * `networks` (nor this host), or the sender is in none of our domains: what a stranger writes into
 * MAIL FROM does not make their mail ours. Never if there are no rules for mail that comes in.
 * Returns NULL if it is not. */
struct inbound *inbound_new(const struct delivery_context *delivery);
void inbound_free(struct inbound *inbound);
/* Does the message come in for this recipient? `inbound` may be NULL. */
bool inbound_is_for(const struct inbound *inbound, const struct settings *settings,
		    const struct recipient *recipient);
/* Was the message encrypted as a whole when it came in? Known once each copy is described. */
bool inbound_was_sealed(const struct inbound *inbound);
/* What is said in the header about a copy for which a method was chosen: fills subject and results,
 * and what keeps copies apart, as what is said depends on the rule. */
bool inbound_describe(const struct delivery_context *delivery, struct copy *copy,
		      struct fault *fault);

#endif
