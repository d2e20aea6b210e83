/* Passwords for mail programs in the settings: what there is, a new one, and revoking one. */
#ifndef POSTSEAL_PORTAL_APPLICATION_PASSWORD_PAGE_H
#define POSTSEAL_PORTAL_APPLICATION_PASSWORD_PAGE_H

#include "portal/request.h"
#include "portal/web/page.h"

serve_request application_password_page_add, application_password_page_remove;

/* Fills the section of a page that lists them; removes it if mail clients are not served and there
 * are none. */
bool application_password_page_fill(struct request *request, struct page *page,
				    struct fault *fault);

#endif
