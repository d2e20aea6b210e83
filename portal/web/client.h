/*
 * Where a request comes from. Requests are throttled by network: 24 bits of an IPv4 address, 64 of
 * an IPv6 address, which is the range that one client can choose from.
 *
 * A web server in front names its client in X-Forwarded-For. Anybody can send such fields too, so
 * only the last element of the last field counts, which our web server added, and only if it is our
 * web server that is connected to us (setting: portal proxies).
 */
#ifndef POSTSEAL_PORTAL_WEB_CLIENT_H
#define POSTSEAL_PORTAL_WEB_CLIENT_H

#include <microhttpd.h>

#include "core/fault.h"

struct proxies;

/* From a list of addresses, networks such as "10.0.0.0/8", and "unix" for Unix sockets; ends with
 * NULL. */
struct proxies *proxies_new(const char *const *list, struct fault *fault);
void proxies_free(struct proxies *proxies);

/* Of a connection without a web server in front: "192.0.2.0/24", or "unknown"; caller frees. */
char *client_network_of(const struct sockaddr *peer);
/* Of the same: "192.0.0.0/16", "2001:db8:1::/48", which is the most that one site usually has;
 * caller frees. */
char *client_region_of(const struct sockaddr *peer);
/* Of a client whose address somebody says whom we believe: "192.0.2.7". */
char *client_network_of_text(const char *address);
/* "192.0.2.0/24"; "unknown" if nobody says; caller frees. */
char *client_network(struct MHD_Connection *mhd, const struct proxies *proxies);

#endif
