/*
 * What is sealed: the MIME entity of the message as it stands, or, where the rule hides the
 * subject, that entity with the header of the message inside (RFC 9788: header protection, with
 * the policy hcp_baseline). Then the reader's mail client takes subject and addresses from
 * within; an older one shows the subject as the first line of the text.
 */
#ifndef POSTSEAL_DELIVERY_PAYLOAD_H
#define POSTSEAL_DELIVERY_PAYLOAD_H

#include "delivery/method.h"

/* What stands outside in the place of a subject that is hidden (RFC 9788 §3.2.1). */
#define PAYLOAD_OUTER_SUBJECT " [...]"

/* Has the field nothing to say outside when the subject is hidden? */
bool payload_hides(const struct field *field);
/* The header of the payload with its empty line, and what comes before the body; the caller's. */
GString *payload_head(const struct message *message, const struct group *group);
bool payload_write(const struct message *message, const struct group *group, struct sink *sink,
		   struct fault *fault);

#endif
