/*
 * What senders are told of their messages in the portal: that they are there, opened, expired
 * unread, locked, lost. Whoever notices it puts down a row; the courier makes mails of them, at
 * once or bundled, as `receipts` in postseal.conf(5) says: one thread for each message.
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
			     "deleted unopened" */
	const char *form; /* "mail", "mdn", "dsn": as a rule or the sender wants it; NULL: as the
			     settings say */
	const char *envid, *orcpt; /* DSN parameters (RFC 3461), or NULL */
};

/* In the open batch; nothing where the settings do not want it. */
bool receipt_note(struct connection *connection, const struct settings *settings,
		  const struct receipt *receipt, struct fault *fault);

#endif
