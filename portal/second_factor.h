/* The second factor: asked for when somebody signs in, and before what opens the account is
 * changed. */
#ifndef POSTSEAL_PORTAL_SECOND_FACTOR_H
#define POSTSEAL_PORTAL_SECOND_FACTOR_H

#include "portal/request.h"

serve_request second_factor_form, second_factor_code, second_factor_passkey;

/* Tries what the form brought. *allowed_r: false where too many were tried. */
bool second_factor_try_code(struct request *request, bool *allowed_r, bool *right_r,
			    struct fault *fault);
bool second_factor_try_passkey(struct request *request, bool *allowed_r, bool *right_r,
			       struct fault *fault);

#endif
