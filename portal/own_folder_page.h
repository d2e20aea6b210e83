/* A member's own folders: their lists, and the page where they are created, renamed and deleted. */
#ifndef POSTSEAL_PORTAL_OWN_FOLDER_PAGE_H
#define POSTSEAL_PORTAL_OWN_FOLDER_PAGE_H

#include "portal/request.h"

serve_request own_folder_page_show, own_folder_page_act;
serve_request own_folder_page_manage, own_folder_page_change;

#endif
