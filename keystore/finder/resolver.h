/*
 * The DNS resolver that all ways of asking share, so that they share its cache.
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_RESOLVER_H
#define POSTSEAL_KEYSTORE_FINDER_RESOLVER_H

#include "core/settings.h"
#include "keystore/finder/dns.h"

/* Made at the first call, from the settings `finder resolver` and `finder anchor`; for
 * finder.begin. */
bool resolver_begin(const struct settings *settings, struct fault *fault);
struct dns *resolver(void);

#endif
