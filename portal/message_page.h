/* The page of one message: its header, its body, its attachments, the messages attached to it. */
#ifndef POSTSEAL_PORTAL_MESSAGE_PAGE_H
#define POSTSEAL_PORTAL_MESSAGE_PAGE_H

#include "portal/request.h"

serve_request message_page_show;

#endif
