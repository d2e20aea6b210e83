/* The second factor: required at sign-in, and before anything that opens the account is changed. */
#ifndef POSTSEAL_PORTAL_SECOND_FACTOR_H
#define POSTSEAL_PORTAL_SECOND_FACTOR_H

#include "portal/request.h"

serve_request second_factor_form, second_factor_code, second_factor_passkey;

/* Tries the code or key in the form. *allowed_r: false if there were too many tries. */
bool second_factor_try_code(struct request *request, bool *allowed_r, bool *right_r,
			    struct fault *fault);
bool second_factor_try_passkey(struct request *request, bool *allowed_r, bool *right_r,
			       struct fault *fault);

#endif
