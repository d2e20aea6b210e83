/* The part of the sender's page about files that the sender adds (portal/sender_file.h). */
#ifndef POSTSEAL_PORTAL_SENDER_FILE_PAGE_H
#define POSTSEAL_PORTAL_SENDER_FILE_PAGE_H

#include "portal/tracked.h"
#include "portal/web/page.h"

/* The list, and the form to add some; neither, if there is nothing to list and nothing may be
 * added. */
bool sender_file_page_fill(struct request *request, const struct tracked *tracked,
			   struct page *page, struct fault *fault);
/* The form names a file that is to be taken out: asks first, and then does it. */
enum MHD_Result sender_file_page_ask(struct request *request, const struct tracked *tracked);
enum MHD_Result sender_file_page_remove(struct request *request, const struct tracked *tracked);

/* Before the body of a form with files arrives: whose upload it is, or NULL if the link in the path
 * does not allow any. Caller frees. */
char *sender_file_page_uploader(struct request *request);
/* POST /track-file/SECRET */
serve_request sender_file_page_add;

#endif
