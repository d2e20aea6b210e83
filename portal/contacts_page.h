/* The address book: with whom a member has written. */
#ifndef POSTSEAL_PORTAL_CONTACTS_PAGE_H
#define POSTSEAL_PORTAL_CONTACTS_PAGE_H

#include "portal/request.h"

serve_request contacts_page_show;

#endif
