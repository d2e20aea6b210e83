/*
 * Clients that have not signed in. Each network may have some, and all together are limited. Once
 * all places are taken, the newcomer gets that of the client who has waited the longest in the
 * region with the most strangers: who has a whole region of networks cannot keep others out.
 */
#ifndef POSTSEAL_PORTAL_POP_STRANGERS_H
#define POSTSEAL_PORTAL_POP_STRANGERS_H

#include <stdbool.h>

struct strangers;

/* The limits for one network, and for all together. */
struct strangers *strangers_new(unsigned network_max, unsigned all_max);
void strangers_free(struct strangers *strangers);

/* Adds a client by its socket, which is shut down if its place is given to somebody else. False:
 * the network has too many, or its region has the most, and nothing is counted. May be called from
 * any thread. */
bool strangers_add(struct strangers *strangers, int socket, const char *network,
		   const char *region);
/* Call before the socket is closed; whoever is no longer counted is left alone. */
void strangers_remove(struct strangers *strangers, int socket);

#endif
