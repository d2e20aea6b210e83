/*
 * A mail client signs in: with the member's address and an application password, counted as in a
 * browser (portal/web/throttle.h).
 */
#ifndef POSTSEAL_PORTAL_POP_SIGNIN_H
#define POSTSEAL_PORTAL_POP_SIGNIN_H

#include "core/settings.h"
#include "portal/application_password.h"

enum pop_outcome {
	POP_SIGNED_IN,
	POP_WRONG,
	POP_TOO_OFTEN,
	POP_WITHOUT_FACTOR, /* the account needs a second factor (setting: portal factor) */
};

struct pop_attempt {
	const struct settings *settings;
	const char *network;
	const char *user, *password; /* as the client sent them */
};

/* False: it could not be tried. Clear the entry in any case; it is empty unless the client is
 * signed in. */
bool pop_signin(struct database *database, const struct pop_attempt *attempt,
		struct application_entry *entry_r, enum pop_outcome *outcome_r,
		struct fault *fault);

#endif
