/*
 * What is in a member's folders, page by page: a line for each message, opened in the session.
 */
#ifndef POSTSEAL_PORTAL_FOLDER_H
#define POSTSEAL_PORTAL_FOLDER_H

#include <jansson.h>

#include "portal/known_counts.h"
#include "portal/mailbox.h"

enum { FOLDER_PAGE = 25 }; /* messages */

struct folder_entry {
	struct identifier id;	   /* of the parcel key */
	char *subject, *from, *to; /* UTF-8 */
	char *sender;		   /* address */
	gint64 at, expires_at;	   /* seconds since 1970, UTC */
	enum folder folder;
	char *own;   /* identifier of the member's own folder that it is filed in, or NULL */
	char *draft; /* identifier that a draft keeps when it is saved again, or NULL */
	bool is_unread;
	char *states; /* for sent messages: "alice@example.com sent; …", or "" */
};

struct folder_question {
	enum folder folder;
	const char *own; /* identifier of a member's own folder: that one instead; or NULL */
	bool is_oldest_first;
	/* An identifier: only messages older or newer than that one, those next to it; "": from the
	 * beginning. */
	const char *before, *after;
};

struct folder_list {
	GPtrArray *entries; /* struct folder_entry */
	bool has_older, has_newer;
};

/* Clear the list in either case. */
bool folder_list_read(struct connection *connection, const struct session *session,
		      const struct folder_question *question, struct folder_list *list_r,
		      struct fault *fault);
/* A page of these messages of the member's (struct identifier, newest first), whichever folders
 * they are in; the question's folder does not matter. */
bool folder_list_these(struct connection *connection, const struct session *session,
		       const GArray *ids, const struct folder_question *question,
		       struct folder_list *list_r, struct fault *fault);
void folder_list_clear(struct folder_list *list);
typedef struct folder_list folder_list_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(folder_list_auto, folder_list_clear)

/* What lists show of a message, as it was sealed when it was parked (delivery/parcel/parcel.h);
 * NULL: it cannot be opened. Caller frees. */
json_t *folder_summary(const PGresult *result, int row, int column, const char *parcel,
		       const struct seal_key *content);

bool folder_is_day(const char *text); /* "2026-11-24" */

/* How many messages are in the folder, and how many of them are shown as unread. */
bool folder_count(struct connection *connection, const struct session *session,
		  const struct folder_question *question, struct known_counts *known,
		  unsigned long *all_r, unsigned long *unread_r, struct fault *fault);

#endif
