/* Making an account, after a first message or by proving an address, and opening one again. */
#ifndef POSTSEAL_PORTAL_JOIN_H
#define POSTSEAL_PORTAL_JOIN_H

#include "portal/request.h"

/* An address is proven by a link that is mailed to it; what the page says does not depend on
 * whether there is an account. */
serve_request join_form, join_submit;
give_back_form join_give_back;
serve_request join_proof_form, join_proof_submit;
/* A guest, whose address the first message has proven. */
serve_request join_account_form, join_account_submit;

#endif
