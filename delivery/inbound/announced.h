/*
 * What the signature of an S/MIME message says about mail to its author (RFC 8551 §2.5.2, §2.5.3):
 * with which certificate it is to be encrypted, and what their program can read.
 */
#ifndef POSTSEAL_DELIVERY_INBOUND_ANNOUNCED_H
#define POSTSEAL_DELIVERY_INBOUND_ANNOUNCED_H

#include <openssl/cms.h>

#include "delivery/method.h"
#include "keystore/mailed.h"

/* For a good signature of the author with this certificate; `others` came with it. The certificate
 * that the signature names, or that which signed, or another one of the author; it has a chain to a
 * trusted authority. *mailed_r is NULL if there is none; caller frees. False only if the store
 * could not be queried. */
bool announced_find(CMS_SignerInfo *signer, X509 *certificate, STACK_OF(X509) * others,
		    const struct delivery_context *delivery, struct mailed_key **mailed_r,
		    struct fault *fault);

#endif
