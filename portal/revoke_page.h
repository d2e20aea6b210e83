/*
 * Where the link in a sender's receipt leads: the page asks whether to revoke trust in the
 * recipient, and only its form does. Whoever has the link, which was mailed to the sender, counts
 * as the sender (delivery/outbox/trust_link.h).
 */
#ifndef POSTSEAL_PORTAL_REVOKE_PAGE_H
#define POSTSEAL_PORTAL_REVOKE_PAGE_H

#include "portal/request.h"

serve_request revoke_page_show, revoke_page_act;

#endif
