/* Creating an account, after the first message or by proving an address, and opening an account
 * again. */
#ifndef POSTSEAL_PORTAL_JOIN_H
#define POSTSEAL_PORTAL_JOIN_H

#include "portal/request.h"

/* An address is proven with a link that is mailed to it; the page says the same whether or not
 * there is an account. */
serve_request join_form, join_submit;
give_back_form join_give_back;
serve_request join_proof_form, join_proof_submit;
/* For a guest, whose address the first message has proven. */
serve_request join_account_form, join_account_submit;

#endif
