/* The ways in and out: the front page, signing in and out. */
#ifndef POSTSEAL_PORTAL_SIGNIN_H
#define POSTSEAL_PORTAL_SIGNIN_H

#include "core/catalogue.h"
#include "portal/request.h"

serve_request signin_front;
serve_request signin_form, signin_submit, signin_end;
give_back_form signin_give_back;

#define SIGNIN_TOO_OFTEN                                                                           \
	N_("Too many passwords were tried. Please wait a quarter of an hour, then try again.")

/* Tries the form's password, of which only so many are tried: *allowed_r. Wipe the keys. */
bool signin_try_password(struct request *request, const char *address, struct account *account_r,
			 struct account_keys *keys_r, bool *allowed_r, bool *right_r,
			 struct fault *fault);

/* What the session opened with link and code, for the session that takes its place. Nothing of a
 * member's: another may come after them. As session_opened(). */
GPtrArray *signin_carried(struct request *request, struct fault *fault);
/* Account and keys of the session are those of whoever knew the password: a second factor is asked
 * for, where there is one. */
enum MHD_Result signin_with_password(struct request *request);
/* After the last factor: a member's session, with what the guest had opened. Then the message that
 * was asked for is shown, or the inbox. */
enum MHD_Result signin_complete(struct request *request);

#endif
