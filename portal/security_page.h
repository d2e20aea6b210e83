/*
 * What opens an account: keys that its owner uploaded, the second factor, password and recovery
 * code. Each change is confirmed (confirm.h), and the owner is told about it.
 */
#ifndef POSTSEAL_PORTAL_SECURITY_PAGE_H
#define POSTSEAL_PORTAL_SECURITY_PAGE_H

#include "portal/request.h"
#include "portal/web/page.h"

serve_request security_page_show;
serve_request security_page_add_key, security_page_remove_key;
serve_request security_page_password, security_page_recovery;

/* Lists keys and second factors on a page. */
bool security_page_fill(struct request *request, struct page *page, struct fault *fault);

#endif
