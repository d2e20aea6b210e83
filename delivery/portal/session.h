/*
 * After the right code: a session, which lets a browser read one message for a while. The
 * content key is in the database only wrapped by a secret that only the cookie holds.
 */
#ifndef POSTSEAL_DELIVERY_PORTAL_SESSION_H
#define POSTSEAL_DELIVERY_PORTAL_SESSION_H

#include "core/database.h"
#include "core/seal.h"
#include "core/settings.h"
#include "delivery/parcel.h"

enum { SESSION_COOKIE_CHARACTERS = 43 };

enum unlock_result {
	UNLOCK_OPENED,
	UNLOCK_MISTYPED, /* the code is no code: not counted */
	UNLOCK_WRONG,    /* or the link is: which of them is not said */
	UNLOCK_LOCKED,   /* too many wrong codes, now or before */
};

struct session_context {
	const struct settings *settings;
	const struct seal_key *courier; /* public */
	struct database *database;
};

/* Tries link and code. When they open the message, cookie_r is the new session's. */
bool session_unlock(const struct session_context *context, const char *link, const char *typed,
		    char cookie_r[SESSION_COOKIE_CHARACTERS + 1], enum unlock_result *result_r,
		    unsigned *tries_left_r, struct fault *fault);

struct session {
	struct identifier parcel;
	struct seal_key content;
};
/* *found_r: the cookie is that of a session which goes on. Wipe session_r->content. */
bool session_find(const struct session_context *context, const char *cookie,
		  struct session *session_r, bool *found_r, struct fault *fault);
bool session_end(const struct session_context *context, const char *cookie, struct fault *fault);

#endif
