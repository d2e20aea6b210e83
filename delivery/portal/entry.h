/*
 * The ways in and out: the front page, signing in and out, proving an address, making an account
 * and opening one again.
 */
#ifndef POSTSEAL_DELIVERY_PORTAL_ENTRY_H
#define POSTSEAL_DELIVERY_PORTAL_ENTRY_H

#include "delivery/portal/request.h"

serve_request serve_front;
serve_request serve_signin_form, serve_signin, serve_signout;
/* An address is proven by a link that is mailed to it; what the page says does not depend on
 * whether there is an account. */
serve_request serve_join_form, serve_join;
serve_request serve_proof_form, serve_proof;
/* A guest, whose address the first message has proven. */
serve_request serve_enrol_form, serve_enrol;

/* After the last factor: a member's session, with what the guest had opened. Then the message that was
 * asked for is shown, or the inbox. */
enum MHD_Result entry_sign_in(struct request *request);

#endif
