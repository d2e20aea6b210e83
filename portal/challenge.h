/* What a passkey is asked to sign: made for a session and used once (WebAuthn Level 2, §13.4.3). */
#ifndef POSTSEAL_PORTAL_CHALLENGE_H
#define POSTSEAL_PORTAL_CHALLENGE_H

#include "portal/passkey.h"
#include "portal/request.h"
#include "portal/web/page.h"

/* Puts a new challenge, and the host it is for, into the page. */
bool challenge_ask(struct request *request, struct page *page, struct fault *fault);
/* *found_r: false if there is no challenge, or it was already used. */
bool challenge_take(struct request *request, unsigned char challenge_r[PASSKEY_CHALLENGE_BYTES],
		    bool *found_r, struct fault *fault);
/* Puts the existing keys into the page: the browser asks for one of them, or does not register it a
 * second time. */
bool challenge_list_keys(struct request *request, struct page *page, struct fault *fault);

#endif
