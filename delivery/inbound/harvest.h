/*
 * Keys that come in: whose signature was good, over the whole message and of the author in From,
 * is put on record as a statement of trust (keystore/trust.h) with the ground "signed mail".
 */
#ifndef POSTSEAL_DELIVERY_INBOUND_HARVEST_H
#define POSTSEAL_DELIVERY_INBOUND_HARVEST_H

#include "core/database.h"
#include "delivery/inbound/receive.h"

/* Adds to the open batch. `inbound` may be NULL; `message` is the record of the message. */
bool harvest(struct connection *connection, const struct inbound *inbound, const char *message,
	     struct fault *fault);

#endif
