/*
 * What the finder may connect to: the public Internet, and what `finder networks` adds. Names and
 * URLs come from strangers, who must not reach the company's own machines through us.
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_REACH_H
#define POSTSEAL_KEYSTORE_FINDER_REACH_H

#include "core/fault.h"
#include "core/network.h"
#include "core/settings.h"

/* Reads `finder networks`; before anything else here, and before there are threads. */
bool reach_begin(const struct settings *settings, struct fault *fault);
/* IPv4 addresses are judged in whichever form they come: as IPv6 addresses (::ffff:0:0/96) and
 * behind NAT64 (64:ff9b::/96, RFC 6052) too. */
bool reach_allows(const struct network_address *address);
/* 80, 443, or not privileged: services of other protocols are not spoken to. */
bool reach_allows_port(unsigned long port);

#endif
