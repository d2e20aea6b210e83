/* Calendar files of a message as cards above its text: what, when, where, who, and whether it is an
 * invitation, a change, a cancellation or an answer. */
#ifndef POSTSEAL_PORTAL_INVITATION_CARD_H
#define POSTSEAL_PORTAL_INVITATION_CARD_H

#include "portal/item.h"
#include "portal/web/page.h"

/* Fills the element `name`, and removes it if there is nothing to show. `layout` is that of the
 * message, or of one attached to it at `path` ("" for the message itself); `offers_file`: with a
 * link to the file, for the reader's own calendar. What cannot be read has no card: it is among the
 * attachments. */
void invitation_cards_fill(const struct request *request, struct page *page, const char *name,
			   const struct mailbox_item *item, const struct layout *layout,
			   const char *path, bool offers_file);

#endif
