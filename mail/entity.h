/*
 * What is sealed: the MIME entity of the message as it stands, or, where the rule hides the
 * subject, that entity with the header of the message inside (RFC 9788: header protection, with
 * the policy hcp_baseline). Then the reader's mail client takes subject and addresses from
 * within; an older one shows the subject at the beginning of the text (legacy_display.h).
 */
#ifndef POSTSEAL_MAIL_ENTITY_H
#define POSTSEAL_MAIL_ENTITY_H

#include "delivery/method.h"

/* What stands outside in the place of a subject that is hidden (RFC 9788 §3.2.1). */
#define PAYLOAD_OUTER_SUBJECT " [...]"

/* Has the field nothing to say outside when the subject is hidden? */
bool payload_hides(const struct field *field);
/* The header with its empty line and, where they are changed, the first bytes of the body; then the
 * body as it is, from `body_from` on. */
struct payload {
	GString *head;
	uint64_t body_from;
};

void payload_init(struct payload *payload, const struct message *message, const struct group *group);
void payload_clear(struct payload *payload);
/* All of it. */
bool payload_write(const struct message *message, const struct group *group, struct sink *sink,
		   struct fault *fault);

#endif
