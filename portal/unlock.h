/* GET and POST /m/LINK: the first opening of a message, with link and unlock code. */
#ifndef POSTSEAL_PORTAL_UNLOCK_H
#define POSTSEAL_PORTAL_UNLOCK_H

#include "portal/request.h"

/* Asks for the code; tells nothing of the message and uses nothing up: scanners follow links. */
serve_request unlock_form;
serve_request unlock_submit;
give_back_form unlock_give_back;

#endif
