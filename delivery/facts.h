/*
 * What the policy may ask about a message (struct policy_facts), answered by looking into the
 * message (mail/).
 */
#ifndef POSTSEAL_DELIVERY_FACTS_H
#define POSTSEAL_DELIVERY_FACTS_H

#include "mail/opaque.h"
#include "mail/parts.h"
#include "policy/policy.h"

struct facts {
	struct policy_facts
		policy; /* for the policy; its texts belong to this struct, which must not move */
	const struct message *message;
	struct database *database;
	struct parts *parts;
	char *subject;
	char *client;
	bool is_looked_through; /* if true, `opaque` is valid */
	struct opacity opaque;
};

/* The message must outlive the facts; it is parsed when its content is first asked about.
 * `documents`: how those in it are read. `database`: of the record; NULL: nothing is asked of it.
 */
void facts_init(struct facts *facts, const struct message *message, const struct settings *settings,
		const struct documents_settings *documents, struct database *database);
void facts_clear(struct facts *facts);

#endif
