/*
 * What a member's messages are found by: an entry for each message, sealed by a key of the account,
 * in the row of the message. Entries are made in the session, since nobody else can open a message:
 * a few with each list that is shown, and what is missing before a search.
 */
#ifndef POSTSEAL_PORTAL_SEARCH_INDEX_H
#define POSTSEAL_PORTAL_SEARCH_INDEX_H

#include "portal/mailbox.h"

enum { SEARCH_INDEX_AT_ONCE = 1000 }; /* messages in one statement */

/* Adds entries for the messages that have none, at most `max` of them. *left_r (may be NULL): there
 * may be more. */
bool search_index_add(struct connection *connection, const struct session *session, unsigned max,
		      bool *left_r, struct fault *fault);

/* As it is compared: lower case, without accents. Caller frees. */
char *search_index_fold(const char *text);

struct search_index_entry {
	struct identifier id; /* of the parcel key */
	gint64 at;	      /* seconds since 1970, UTC */
	/* as lists show them */
	const char *from, *to;
	const char *sender; /* address */
	const char *folded; /* all that is searched, folded, a line for each */
};

/* Passes each entry of the mailbox, newest first, which is valid during the call. */
typedef void search_index_visit(void *visitor, const struct search_index_entry *entry);
bool search_index_each(struct connection *connection, const struct session *session,
		       search_index_visit *visit, void *visitor, struct fault *fault);

#endif
