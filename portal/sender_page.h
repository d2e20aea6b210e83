/*
 * The sender's page of a message: what became of each copy; recalling what is unread, a new code
 * for who lost theirs, taking trust back. Who has the link, which the sender was mailed, is the
 * sender.
 */
#ifndef POSTSEAL_PORTAL_SENDER_PAGE_H
#define POSTSEAL_PORTAL_SENDER_PAGE_H

#include "portal/request.h"

serve_request sender_page_show, sender_page_act;

#endif
