/* What a passkey is asked to sign: made for a session, used once (WebAuthn Level 2, §13.4.3). */
#ifndef POSTSEAL_PORTAL_CHALLENGE_H
#define POSTSEAL_PORTAL_CHALLENGE_H

#include "portal/passkey.h"
#include "portal/request.h"
#include "portal/web/page.h"

/* Puts a new challenge, and for which host it is, into the page. */
bool challenge_ask(struct request *request, struct page *page, struct fault *fault);
/* *found_r: false where nothing was asked, or it was used already. */
bool challenge_take(struct request *request, unsigned char challenge_r[PASSKEY_CHALLENGE_BYTES],
		    bool *found_r, struct fault *fault);
/* Puts into the page which keys there are: the browser asks for one of them, or makes no second
 * one. */
bool challenge_list_keys(struct request *request, struct page *page, struct fault *fault);

#endif
