/*
 * Messages that were refused for a reason other than a rule: a limit, a loop, something that does
 * not work, a rule that cannot be answered. They are recorded as well, with the reason, for anyone
 * who asks later what became of a message.
 */
#ifndef POSTSEAL_MILTER_UNTAKEN_H
#define POSTSEAL_MILTER_UNTAKEN_H

#include "core/database.h"
#include "mail/message.h"

/* Records the message if the database can be reached; failures are logged. Each offer is recorded
 * separately. */
void untaken_note(struct database *database, const struct message *message,
		  const struct fault *why);

#endif
