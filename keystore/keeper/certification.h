/*
 * Keys of employees that another authority certifies, such as a public one: the key is made here,
 * the request leaves, and the private half waits until the certificate is in the key store.
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_CERTIFICATION_H
#define POSTSEAL_KEYSTORE_KEEPER_CERTIFICATION_H

#include "keystore/keeper/issuer.h"

/* Makes a key and its request for the folded address order->subject; they take the place of a
 * request that waits. */
bool certification_request(const struct issuing *issuing, const struct keeper_order *order,
			   struct fault *fault);
/* Gives the certificate with the fingerprint order->subject its private half. Fails if it is for
 * the key of no request. */
bool certification_take(const struct issuing *issuing, const struct keeper_order *order,
			struct fault *fault);

#endif
