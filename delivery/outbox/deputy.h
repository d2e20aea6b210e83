/* Who is told of the messages of somebody who has left (postseal(8), employee leave). */
#ifndef POSTSEAL_DELIVERY_OUTBOX_DEPUTY_H
#define POSTSEAL_DELIVERY_OUTBOX_DEPUTY_H

#include "core/database.h"

/* *deputy_r: NULL where the sender is told; caller frees. Within a transaction it stays so until
 * that ends: nobody leaves meanwhile. */
bool deputy_find(struct connection *connection, const char *sender, char **deputy_r,
		 struct fault *fault);

#endif
