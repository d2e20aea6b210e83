/*
 * Where the links in mails about a message that waits for approval lead: the page shows from whom
 * it is, to whom, and why it waits, and asks; only its form decides. Those who approve release or
 * refuse the message, its sender can recall it. Whoever has a link, which was mailed to one person,
 * counts as that person; those who approve must still be in the table that the rule names
 * (delivery/approval/approval.h).
 */
#ifndef POSTSEAL_PORTAL_APPROVAL_PAGE_H
#define POSTSEAL_PORTAL_APPROVAL_PAGE_H

#include "portal/request.h"

serve_request approval_page_show, approval_page_act;

#endif
