/* The second factor: asked for when somebody signs in. */
#ifndef POSTSEAL_PORTAL_SECOND_FACTOR_H
#define POSTSEAL_PORTAL_SECOND_FACTOR_H

#include "portal/request.h"

serve_request second_factor_form, second_factor_code, second_factor_passkey;

#endif
