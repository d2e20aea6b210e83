/* The search: a form on every list of messages, and the list of what was found. */
#ifndef POSTSEAL_PORTAL_SEARCH_PAGE_H
#define POSTSEAL_PORTAL_SEARCH_PAGE_H

#include "portal/request.h"

/* Redirects to the list, whose link has what was typed only sealed. */
serve_request search_page_begin;
serve_request search_page_show, search_page_act;

#endif
