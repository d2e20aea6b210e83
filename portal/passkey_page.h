/* Adding and removing passkeys and security keys. */
#ifndef POSTSEAL_PORTAL_PASSKEY_PAGE_H
#define POSTSEAL_PORTAL_PASSKEY_PAGE_H

#include "portal/request.h"

serve_request passkey_page_form, passkey_page_add, passkey_page_remove;

#endif
