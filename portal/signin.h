/* The front page, signing in and signing out. */
#ifndef POSTSEAL_PORTAL_SIGNIN_H
#define POSTSEAL_PORTAL_SIGNIN_H

#include "core/catalogue.h"
#include "portal/request.h"

serve_request signin_front;
serve_request signin_form, signin_submit, signin_end;
give_back_form signin_give_back;

#define SIGNIN_TOO_OFTEN                                                                           \
	N_("Too many passwords were tried. Please wait a quarter of an hour, then try again.")

/* A password or a recovery code for the address is about to be tried; *allowed_r: false if too many
 * were. It was right: that try does not count. */
bool signin_may_try(struct request *request, const char *address, bool *allowed_r,
		    struct fault *fault);
bool signin_was_right(struct request *request, const char *address, struct fault *fault);
/* The member signed in from here: tries by others from elsewhere do not keep the member out. */
bool signin_know_network(struct request *request, struct fault *fault);
/* Tries the form's password; *allowed_r: false if there were too many tries. Wipe the keys. */
bool signin_try_password(struct request *request, const char *address, struct account *account_r,
			 struct account_keys *keys_r, bool *allowed_r, bool *right_r,
			 struct fault *fault);

/* What the session opened with link and code, for the session that replaces it. Nothing that
 * belongs to a member: another person may use the browser next. Freed like session_opened(). */
GPtrArray *signin_carried(struct request *request, struct fault *fault);
/* Account and keys of the session belong to whoever knew the password: asks for the second factor,
 * if there is one. */
enum MHD_Result signin_with_password(struct request *request);
/* After the last factor: a member's session, including what the guest had opened. Then shows the
 * requested message, or the inbox. */
enum MHD_Result signin_complete(struct request *request);

#endif
