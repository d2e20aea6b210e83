/* The message that a request names: opened, or answered for. */
#ifndef POSTSEAL_PORTAL_ITEM_H
#define POSTSEAL_PORTAL_ITEM_H

#include "portal/mailbox.h"
#include "portal/request.h"

/* False: there is none that this visitor may open, and it was answered, as *answered_r says. Clear
 * the item in any case. */
bool item_open(struct request *request, const char *id, const struct mailbox_use *use,
	       struct mailbox_item *item_r, enum MHD_Result *answered_r);
/* The same without looking into it: for what shows nothing of it. */
bool item_find(struct request *request, const char *id, struct mailbox_item *item_r,
	       enum MHD_Result *answered_r);
/* The mailbox of who sent the request. */
struct mailbox item_mailbox(const struct request *request);
/* Its text, or that of its HTML, or a sentence where that cannot be read; at most `max` bytes,
 * *cut_r: there is more. Caller frees; NULL with `fault` filled. */
char *item_text(const struct request *request, const struct mailbox_item *item, size_t max,
		bool *cut_r, struct fault *fault);

#endif
