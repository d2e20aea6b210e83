/* A letter to be printed: the whole message with its header and the messages attached to it, in one
 * document without buttons. */
#ifndef POSTSEAL_PORTAL_PRINT_PAGE_H
#define POSTSEAL_PORTAL_PRINT_PAGE_H

#include "portal/request.h"

serve_request print_page_show;

#endif
