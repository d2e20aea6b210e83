/*
 * Where a request comes from. What is throttled together is a network: 24 bits of an IPv4 address,
 * 64 of an IPv6 address, which is what one client can choose from.
 *
 * A web server in front names its client in X-Forwarded-For. Whoever sends a request can write such
 * fields too: only the last element of the last field counts, which is the one that our web server
 * added, and only if it is our web server that speaks to us (setting: portal proxies).
 */
#ifndef POSTSEAL_PORTAL_WEB_CLIENT_H
#define POSTSEAL_PORTAL_WEB_CLIENT_H

#include <microhttpd.h>

#include "core/fault.h"

struct proxies;

/* From addresses, networks such as "10.0.0.0/8", and "unix" for Unix sockets; ends with NULL. */
struct proxies *proxies_new(const char *const *list, struct fault *fault);
void proxies_free(struct proxies *proxies);

/* "192.0.2.0/24"; "unknown" where nobody says; caller frees. */
char *client_network(struct MHD_Connection *mhd, const struct proxies *proxies);

#endif
