/* Calendar files of a message as cards above its text: what, when, where, who, and whether it is an
 * invitation, a change, a cancellation or an answer. */
#ifndef POSTSEAL_PORTAL_INVITATION_CARD_H
#define POSTSEAL_PORTAL_INVITATION_CARD_H

#include "portal/item.h"
#include "portal/web/page.h"

/* Those of a page, whatever is attached to its message. */
struct invitation_cards {
	const struct request *request;
	const struct mailbox_item *item;
	bool offers_file; /* with a link to the file, for the reader's own calendar */
	/* What the page has left of each. */
	guint files_left, cards_left;
	gsize bytes_left;
	gint64 time_left; /* microseconds */
};

/* Give the database connection back first: each file is work for postseal-reader. */
struct invitation_cards invitation_cards_begin(const struct request *request,
					       const struct mailbox_item *item, bool offers_file);
/* Fills the element `name`, and removes it if there is nothing to show. `layout` is that of the
 * message, or of one attached to it at `path` ("" for the message itself). What cannot be read has
 * no card: it is among the attachments. */
void invitation_cards_fill(struct invitation_cards *cards, struct page *page, const char *name,
			   const struct layout *layout, const char *path);

#endif
