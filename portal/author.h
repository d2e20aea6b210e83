/*
 * Who writes a message, in a browser or with a mail program, and what sending it needs.
 */
#ifndef POSTSEAL_PORTAL_AUTHOR_H
#define POSTSEAL_PORTAL_AUTHOR_H

#include "core/seal/ring.h"
#include "policy/policy.h"
#include "portal/account.h"

/* All of it is borrowed. */
struct author {
	struct connection *connection;
	/* For tables that the rules ask, and where the connection's batch has failed. */
	struct database *database;
	const struct settings *settings;
	struct policy *policy; /* NULL: the rules could not be read, so nothing can be written */
	struct ring *courier;  /* of courier.pub */
	const struct account *account;
	/* NULL: the account is not open, since the MTA alone was told the password. */
	const struct account_keys *keys;
	const char *client;   /* where it was written, for the record: "portal" */
	const char *language; /* of what the author is told */
};

#endif
