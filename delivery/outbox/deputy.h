/* Who is told about the messages of a sender who has left (postseal(8), employee leave). */
#ifndef POSTSEAL_DELIVERY_OUTBOX_DEPUTY_H
#define POSTSEAL_DELIVERY_OUTBOX_DEPUTY_H

#include "core/database.h"

/* *deputy_r: NULL if the sender is told; caller frees. Valid until the end of the transaction,
 * during which nobody can leave. */
bool deputy_find(struct connection *connection, const char *sender, char **deputy_r,
		 struct fault *fault);

#endif
