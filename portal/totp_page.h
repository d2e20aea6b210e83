/* Setting up one-time passwords from an app as the second factor, and removing them. */
#ifndef POSTSEAL_PORTAL_TOTP_PAGE_H
#define POSTSEAL_PORTAL_TOTP_PAGE_H

#include "portal/request.h"

serve_request totp_page_form, totp_page_add, totp_page_remove;

#endif
