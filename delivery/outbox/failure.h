/*
 * Tells the sender who will not get a message: a delivery status notification (RFC 3464), as a row
 * of the outbox in the open batch.
 */
#ifndef POSTSEAL_DELIVERY_OUTBOX_FAILURE_H
#define POSTSEAL_DELIVERY_OUTBOX_FAILURE_H

#include "core/settings.h"
#include "delivery/outbox/outbox.h"

struct failure_recipient {
	const char *address;
	const char *orcpt; /* as in RFC 3461, or NULL */
	const char *reply; /* of the server that refused it: "550 5.1.1 …" */
	const char *shown; /* to the sender instead of this reply, or NULL */
};

struct failure {
	const struct settings *settings;
	const struct seal_key *courier;
	struct connection *connection;
	const char *message; /* its identifier in the log, or NULL */
	const char *sender;  /* "": nobody is told */
	const char *envid;   /* as in RFC 3461, or NULL */
	bool smtputf8;
	const char *text; /* what is said above the recipients, in the organisation's language */
};

/* Does a recipient with this NOTIFY (RFC 3461 §4.1, or NULL) want its sender to be told? */
bool failure_is_wanted(const char *notify);
/* Does nothing if there are no recipients, or no sender. */
bool failure_put(const struct failure *failure, const struct failure_recipient *recipients,
		 size_t count, struct fault *fault);

#endif
