/*
 * Keys for whole domains that the network has. A gateway that opens mail for everybody in its
 * domain has a key for the address "domain-confidentiality-authority@" and the domain (RFC 3183
 * §2.3.2, §4.1.1), and publishes it as people publish theirs. Nothing proves that whoever has that
 * mailbox may read everybody's mail, so an admin names the domains of which it is true.
 */
#ifndef POSTSEAL_KEYSTORE_GATEWAY_H
#define POSTSEAL_KEYSTORE_GATEWAY_H

#include <stdbool.h>

/* The address of the gateway for a folded address: of the first of its domain and the domains above
 * that is among `domains` (canonical; ending with NULL, or NULL). NULL: there is none, or the
 * address is the gateway's own. Caller frees. */
char *gateway_of(char *const *domains, const char *address);
/* Is it the address of a gateway? */
bool gateway_is(const char *address);

#endif
