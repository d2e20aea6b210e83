/*
 * What the policy may ask about a message (struct policy_facts), found out by looking into it
 * (mail/).
 */
#ifndef POSTSEAL_DELIVERY_FACTS_H
#define POSTSEAL_DELIVERY_FACTS_H

#include "mail/opaque.h"
#include "mail/parts.h"
#include "policy/policy.h"

struct facts {
	struct policy_facts
		policy; /* what to ask; its texts belong to this struct, which must not move */
	const struct message *message;
	struct parts *parts;
	char *subject;
	bool is_looked_through; /* then `opaque` holds */
	struct opacity opaque;
};

/* The message must outlive it, and is parsed when first asked about its content. */
void facts_init(struct facts *facts, const struct message *message,
		const struct settings *settings);
void facts_clear(struct facts *facts);

#endif
