/*
 * Sessions. A browser has one cookie with a secret of 256 bits; the database has a digest by which
 * the session is found, and what the session may open, wrapped with that secret: the content keys
 * that a guest opened with link and code, or the secret of a member's account. So neither the
 * database nor a node reveals anything, and any node can serve any request.
 */
#ifndef POSTSEAL_PORTAL_SESSION_H
#define POSTSEAL_PORTAL_SESSION_H

#include "portal/account.h"

enum session_state {
	SESSION_NONE,
	SESSION_GUEST, /* opened something with link and code */
	SESSION_HALF,  /* the password was right; the second factor is missing */
	SESSION_MEMBER,
};

/* Wipe with session_clear(). */
struct session {
	enum session_state state;
	struct identifier id;
	struct seal_key cookie;
	bool is_confirmed;	/* a member who has just proven their identity again */
	struct account account; /* for HALF and MEMBER */
	struct account_keys keys;
};

void session_clear(struct session *session);

/* Where a visitor comes from: shown to the account's owner in the list of sessions. */
struct session_client {
	const char *browser;
	const char *network;
};

/* The session to which the cookie's secret belongs; its state is SESSION_NONE if there is none.
 * Extends it by `seconds`. */
bool session_find(struct connection *connection, const struct seal_key *cookie, uint64_t seconds,
		  struct session *session_r, struct fault *fault);

/* A session with a new cookie replaces this one (which may be none): what was open stays open.
 * Knowing the old cookie does not reveal the new one. In the open batch; `session` holds the new
 * state, account and keys. `opened` is what the old one had opened, from session_opened(), or NULL.
 */
bool session_begin(struct connection *connection, struct session *session,
		   const struct session_client *client, uint64_t seconds, const GPtrArray *opened,
		   struct fault *fault);
bool session_end(struct connection *connection, const struct session *session, struct fault *fault);
/* All sessions of the account except this one; in the open batch. */
bool session_end_others(struct connection *connection, const struct session *session,
			struct fault *fault);

/* A content key that a session obtained with link and code. */
struct session_opened {
	struct identifier parcel_key;
	struct seal_key content;
};
/* struct session_opened, wiped and freed by the array. */
GPtrArray *session_opened(struct connection *connection, const struct session *session,
			  struct fault *fault);
void session_add_opened(GPtrArray *opened, const struct identifier *parcel_key,
			const struct seal_key *content);

#endif
