/* The pages with the lists of messages, and what can be done with several messages at once. */
#ifndef POSTSEAL_PORTAL_FOLDER_PAGE_H
#define POSTSEAL_PORTAL_FOLDER_PAGE_H

#include "portal/mailbox.h"
#include "portal/request.h"

serve_request folder_page_inbox, folder_page_sent, folder_page_drafts;
/* With the messages that were ticked: marked as read or unread, deleted, downloaded as one zip
 * archive. */
serve_request folder_page_act_on_inbox, folder_page_act_on_sent, folder_page_act_on_drafts;
/* From the page of a message. */
serve_request folder_page_mark_unread;

const char *folder_path(enum folder folder); /* "/inbox" */

#endif
