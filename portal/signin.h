/* The ways in and out: the front page, signing in and out. */
#ifndef POSTSEAL_PORTAL_SIGNIN_H
#define POSTSEAL_PORTAL_SIGNIN_H

#include "portal/request.h"

serve_request serve_front;
serve_request serve_signin_form, serve_signin, serve_signout;

/* Account and keys of the session are those of whoever knew the password: a second factor is asked for,
 * where there is one. */
enum MHD_Result entry_with_password(struct request *request);
/* After the last factor: a member's session, with what the guest had opened. Then the message that was
 * asked for is shown, or the inbox. */
enum MHD_Result entry_sign_in(struct request *request);

#endif
