/*
 * Limits how often something may be tried, across all nodes. A try is counted before it is made, so
 * that simultaneous tries cannot exceed the limit.
 */
#ifndef POSTSEAL_PORTAL_WEB_THROTTLE_H
#define POSTSEAL_PORTAL_WEB_THROTTLE_H

#include "core/database.h"

struct throttle {
	const char *what;
	unsigned count;	  /* tries */
	unsigned seconds; /* within this time */
};

extern const struct throttle throttle_code_address, throttle_code_network,
	throttle_password_address, throttle_password_network, throttle_password_client,
	throttle_password_known, throttle_second_factor, throttle_application_client,
	throttle_application_network, throttle_proof_client, throttle_proof_address,
	throttle_proof_network, throttle_outside_recipients, throttle_company_recipients;

/* *allowed_r: the limit was not reached yet. `whom` is an address, a network or an identifier. */
bool throttle_take(struct connection *connection, const struct throttle *throttle, const char *whom,
		   bool *allowed_r, struct fault *fault);
/* Remembers `whom` for the throttle's time from now; and whether that is so. */
bool throttle_note(struct connection *connection, const struct throttle *throttle, const char *whom,
		   struct fault *fault);
bool throttle_is_noted(struct connection *connection, const struct throttle *throttle,
		       const char *whom, bool *noted_r, struct fault *fault);
/* So many at once, as part of the open batch: it fails if they are too many, and then none counts.
 */
bool throttle_take_many(struct connection *connection, const struct throttle *throttle,
			const char *whom, unsigned many, struct fault *fault);
/* Did the last batch fail because of that? */
bool throttle_is_over(const struct connection *connection);
/* The try was right and does not count: many people may share a network. */
bool throttle_give_back(struct connection *connection, const struct throttle *throttle,
			const char *whom, struct fault *fault);
/* The try was right: earlier tries no longer count. */
bool throttle_forget(struct connection *connection, const struct throttle *throttle,
		     const char *whom, struct fault *fault);

#endif
