/* The revocation list of an authority of ours (RFC 5280 §5). */
#ifndef POSTSEAL_KEYSTORE_KEEPER_REVOCATION_LIST_H
#define POSTSEAL_KEYSTORE_KEEPER_REVOCATION_LIST_H

#include "keystore/keeper/issuer.h"

/* If one is due, makes and stores a new list with all that the authority has revoked, valid for the
 * setting `ca crl`. */
bool revocation_list_make(const struct issuing *issuing, const char *authority,
			  struct fault *fault);

#endif
