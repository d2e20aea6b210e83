/*
 * How often something may be tried, whichever node is asked. A try is counted before it is made,
 * so that many at once are not more than allowed.
 */
#ifndef POSTSEAL_PORTAL_WEB_THROTTLE_H
#define POSTSEAL_PORTAL_WEB_THROTTLE_H

#include "core/database.h"

struct throttle {
	const char *what;
	unsigned count;	  /* tries */
	unsigned seconds; /* within */
};

extern const struct throttle throttle_code_address, throttle_code_network,
	throttle_password_address, throttle_password_network, throttle_second_factor,
	throttle_proof_address, throttle_proof_network, throttle_outside_recipients;

/* *allowed_r: fewer than allowed were made. `whom` is an address, a network or an identifier. */
bool throttle_take(struct connection *connection, const struct throttle *throttle, const char *whom,
		   bool *allowed_r, struct fault *fault);
/* It was right: this try does not count. Many people come from one network. */
bool throttle_give_back(struct connection *connection, const struct throttle *throttle,
			const char *whom, struct fault *fault);
/* It was right: the tries before count no more. */
bool throttle_forget(struct connection *connection, const struct throttle *throttle,
		     const char *whom, struct fault *fault);

#endif
