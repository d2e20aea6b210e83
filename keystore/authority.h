/*
 * Whom the organisation trusts to issue certificates: the roots that the admin imported, and
 * intermediate certificates that may lead to them (RFC 5280 §6).
 */
#ifndef POSTSEAL_KEYSTORE_AUTHORITY_H
#define POSTSEAL_KEYSTORE_AUTHORITY_H

#include "core/settings.h"
#include "keystore/key.h"

struct authorities;

struct authorities *authorities_new(void);
void authorities_free(struct authorities *authorities);
/* An authority whose extended key usage excludes mail is not followed. */
void authorities_add_root(struct authorities *authorities, X509 *certificate,
			  enum trust_level trust, enum revocation revocation);
void authorities_add_intermediate(struct authorities *authorities, X509 *certificate);

/* A chain to a root, and the time during which every certificate in it is valid: from (included)
 * until (excluded). */
struct authority_chain {
	STACK_OF(X509) * certificates; /* the certificate itself first; caller frees */
	time_t from, until;
	enum trust_level trust;	    /* what the organisation holds its root's word to be worth */
	enum revocation revocation; /* how much depends on its word that nothing was revoked */
	char *root;		    /* fingerprint; caller frees */
};

/* Finds a chain to a root, also through `others` (may be NULL), with a strength of at least 112
 * bits at each step, preferably one that is valid now. If there is none, *why_r says why; caller
 * frees. */
bool authorities_verify(const struct authorities *authorities, X509 *certificate,
			STACK_OF(X509) * others, struct authority_chain *chain_r, char **why_r);

#endif
