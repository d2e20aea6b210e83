/*
 * Who vouches for a member's account and keys: what others state about them, as the settings page
 * shows it, and revoking it, since they are the member's.
 */
#ifndef POSTSEAL_PORTAL_VOUCHING_H
#define POSTSEAL_PORTAL_VOUCHING_H

#include "portal/request.h"
#include "portal/web/page.h"

bool vouching_fill(struct request *request, struct page *page, struct fault *fault);
serve_request vouching_revoke;

#endif
