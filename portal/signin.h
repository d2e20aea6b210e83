/* The ways in and out: the front page, signing in and out. */
#ifndef POSTSEAL_PORTAL_SIGNIN_H
#define POSTSEAL_PORTAL_SIGNIN_H

#include "portal/request.h"

serve_request signin_front;
serve_request signin_form, signin_submit, signin_end;

/* Account and keys of the session are those of whoever knew the password: a second factor is asked for,
 * where there is one. */
enum MHD_Result signin_with_password(struct request *request);
/* After the last factor: a member's session, with what the guest had opened. Then the message that was
 * asked for is shown, or the inbox. */
enum MHD_Result signin_complete(struct request *request);

#endif
