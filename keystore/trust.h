/*
 * Whom the organisation trusts to issue certificates: the roots that the admin imported,
 * and intermediate certificates that may lead to them (RFC 5280 §6).
 */
#ifndef POSTSEAL_KEYSTORE_TRUST_H
#define POSTSEAL_KEYSTORE_TRUST_H

#include "keystore/key.h"

struct trust;

struct trust *trust_new(void);
void trust_free(struct trust *trust);
void trust_add(struct trust *trust, X509 *certificate, bool is_root);
/* Is there a chain to a root that is valid now, with strength of 112 bits or more at each
 * step? On success *chain_r is the caller's and *until_r is when its first link expires.
 * Else *why_r says why not; the caller's. */
bool trust_verify(const struct trust *trust, X509 *certificate, STACK_OF(X509) **chain_r,
		  time_t *until_r, char **why_r);

#endif
