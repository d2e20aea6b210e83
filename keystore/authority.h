/*
 * Whom the organisation trusts to issue certificates: the roots that the admin imported,
 * and intermediate certificates that may lead to them (RFC 5280 §6).
 */
#ifndef POSTSEAL_KEYSTORE_AUTHORITY_H
#define POSTSEAL_KEYSTORE_AUTHORITY_H

#include "keystore/key.h"

struct authorities;

struct authorities *authorities_new(void);
void authorities_free(struct authorities *authorities);
/* An authority whose extended key usage excludes mail leads nowhere. */
void authorities_add(struct authorities *authorities, X509 *certificate, bool is_root);

/* A chain to a root, and when all of its links are valid: from (included) until (excluded). */
struct authority_chain {
	STACK_OF(X509) * certificates; /* the certificate itself first; caller frees */
	time_t from, until;
};

/* Is there a chain to a root, with strength of 112 bits or more at each step? One that is valid
 * now, where there is one. Else *why_r says why not; caller frees. */
bool authorities_verify(const struct authorities *authorities, X509 *certificate,
			struct authority_chain *chain_r, char **why_r);

#endif
