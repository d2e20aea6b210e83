/*
 * A mail client signs in, to read or to send: with the member's address and an application
 * password, counted as in a browser (portal/web/throttle.h).
 */
#ifndef POSTSEAL_PORTAL_APPLICATION_SIGNIN_H
#define POSTSEAL_PORTAL_APPLICATION_SIGNIN_H

#include "core/metrics.h"
#include "core/settings.h"
#include "portal/application_password.h"

enum application_outcome {
	APPLICATION_SIGNED_IN,
	APPLICATION_WRONG,
	APPLICATION_TOO_OFTEN,
	APPLICATION_WITHOUT_FACTOR, /* the account needs a second factor (setting: portal factor) */
};

struct application_attempt {
	const struct settings *settings;
	const char *network;
	const char *user, *password; /* as the client sent them */
	enum metric counter;	     /* for each outcome */
};

/* The counter appears with zeros before anyone has tried. */
void application_signin_expect(enum metric counter);

/* False: it could not be tried. Clear the entry in any case; it is empty unless the client is
 * signed in. */
bool application_signin(struct database *database, const struct application_attempt *attempt,
			struct application_entry *entry_r, enum application_outcome *outcome_r,
			struct fault *fault);

#endif
