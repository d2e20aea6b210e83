/* GET and POST /m/LINK: opening a message for the first time, with link and unlock code. */
#ifndef POSTSEAL_PORTAL_UNLOCK_H
#define POSTSEAL_PORTAL_UNLOCK_H

#include "delivery/parcel/parcel.h"
#include "portal/request.h"

/* Asks for the code; reveals nothing about the message and consumes nothing, since scanners follow
 * links. */
serve_request unlock_form;
serve_request unlock_submit;
give_back_form unlock_give_back;
/* Says why a message can no longer be opened. */
enum MHD_Result unlock_show_gone(struct request *request, enum parcel_gone gone);

#endif
