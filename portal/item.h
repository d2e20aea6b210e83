/* The message that a request names: opens it, or answers for it. */
#ifndef POSTSEAL_PORTAL_ITEM_H
#define POSTSEAL_PORTAL_ITEM_H

#include "portal/mailbox.h"
#include "portal/request.h"

/* False: there is none that this visitor may open, and the request was answered; *answered_r is the
 * result. Clear the item in either case. */
bool item_open(struct request *request, const char *id, const struct mailbox_use *use,
	       struct mailbox_item *item_r, enum MHD_Result *answered_r);
/* The same without opening it, for pages that show nothing of its content. */
bool item_find(struct request *request, const char *id, struct mailbox_item *item_r,
	       enum MHD_Result *answered_r);
/* The mailbox of the visitor. */
struct mailbox item_mailbox(const struct request *request);
/* The text of the message, or of an attached one, whose layout that is; or the text of its HTML, or
 * a sentence if that cannot be read; at most `max` bytes, *cut_r: there is more. Caller frees; NULL
 * with `fault` filled. */
char *item_text(const struct request *request, const struct mailbox_item *item,
		const struct layout *layout, size_t max, bool *cut_r, struct fault *fault);
/* What is said below a text of which there is more. */
const char *item_cut_note(const struct request *request);

#endif
