/*
 * Tells the sender that mail from the outbox could not be delivered (delivery/outbox/failure.h).
 */
#ifndef POSTSEAL_DELIVERY_COURIER_BOUNCE_H
#define POSTSEAL_DELIVERY_COURIER_BOUNCE_H

#include "core/settings.h"
#include "delivery/courier/queue.h"

/* Covers the outcomes that failed; does nothing if the sender asked not to be told (RFC 3461
 * NOTIFY) or there is no sender. */
bool bounce(struct connection *connection, const struct settings *settings,
	    const struct seal_key *courier, const struct queued_mail *mail,
	    const struct queue_outcome *outcomes, size_t count, struct fault *fault);

#endif
