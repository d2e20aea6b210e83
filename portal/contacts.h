/*
 * The people whom a member has written with, from the sealed index of the mailbox
 * (search_index.h): nothing about them is stored beside it.
 */
#ifndef POSTSEAL_PORTAL_CONTACTS_H
#define POSTSEAL_PORTAL_CONTACTS_H

#include <glib.h>

#include "core/database.h"
#include "portal/session.h"

enum { CONTACTS_MAX = 500 }; /* those of the newest messages */

struct contact {
	char *address;
	char *name; /* as the newest message from them says, or NULL */
	gint64 at;  /* of the newest message: seconds since 1970, UTC */
	unsigned long messages;
};

/* struct contact, those first with whom the newest messages are; NULL with `fault` filled. */
GPtrArray *contacts_all(struct connection *connection, const struct session *session,
			struct fault *fault);

#endif
