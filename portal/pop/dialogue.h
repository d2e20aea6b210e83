/*
 * What a mail client says, and what it is answered: RFC 1939, with RFC 2449 (CAPA), RFC 2595
 * (STLS), RFC 3206 (codes for failed sign-ins) and RFC 5034 (AUTH PLAIN).
 */
#ifndef POSTSEAL_PORTAL_POP_DIALOGUE_H
#define POSTSEAL_PORTAL_POP_DIALOGUE_H

#include "portal/pop/service.h"

struct client {
	int socket;
	struct deadline *deadline;
	char *network;
	bool begins_with_tls;
};

/* Serves the client until one of the two ends it. */
void dialogue_serve(struct service *service, struct client *client);

#endif
