/*
 * A message's page for its sender: what happened to each copy; recalling what is unread, making a
 * new code for a recipient who lost it, revoking trust. Whoever has the link, which was mailed to
 * the sender, counts as the sender.
 */
#ifndef POSTSEAL_PORTAL_SENDER_PAGE_H
#define POSTSEAL_PORTAL_SENDER_PAGE_H

#include "portal/request.h"

serve_request sender_page_show, sender_page_act;

#endif
