/*
 * What senders are told about their messages in the portal: that a message is there, was opened,
 * expired unread, was locked or lost; and that its recipient needs no code any more. Whoever
 * notices such an event adds a row; the courier turns rows into mails, at once or bundled, as set
 * by `receipts` in postseal.conf(5): one thread for each message.
 */
#ifndef POSTSEAL_DELIVERY_OUTBOX_RECEIPT_H
#define POSTSEAL_DELIVERY_OUTBOX_RECEIPT_H

#include "core/database.h"
#include "core/settings.h"

struct receipt {
	const char *message; /* identifier in the log */
	const char *parcel;
	const char *sender; /* who is told */
	const char *recipient;
	const char *what; /* "relayed", "opened", "expired", "locked", "lost", "deleted",
			     "deleted unopened", "handed over", "trusted", "notice failed",
			     "code failed", "returned" */
	const char *form; /* "mail", "mdn", "dsn": as a rule or the sender asks; NULL: as in the
			     settings */
	const char *envid, *orcpt; /* DSN parameters (RFC 3461), or NULL */
};

/* Adds to the open batch; adds nothing if the settings do not want it. */
bool receipt_note(struct connection *connection, const struct settings *settings,
		  const struct receipt *receipt, struct fault *fault);
/* The same for a message whose code was used: adds "trusted" if its sender's statement about the
 * recipient was made in this transaction, and was not made before. */
bool receipt_note_trust(struct connection *connection, const struct settings *settings,
			const struct receipt *receipt, struct fault *fault);

#endif
