/*
 * The second factor: asking for it when somebody signs in, and setting it up and taking it away.
 */
#ifndef POSTSEAL_PORTAL_SECOND_FACTOR_H
#define POSTSEAL_PORTAL_SECOND_FACTOR_H

#include "portal/request.h"

/* Signing in. */
serve_request serve_factor_form, serve_factor_code, serve_factor_passkey;
/* The settings of a member. */
serve_request serve_totp_form, serve_totp_add, serve_totp_remove;
serve_request serve_passkey_form, serve_passkey_add, serve_passkey_remove;

#endif
