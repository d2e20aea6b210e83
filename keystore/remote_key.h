/*
 * A private key for OpenSSL that is held elsewhere: the keeper makes its signatures
 * (keystore/keeper.h).
 */
#ifndef POSTSEAL_KEYSTORE_REMOTE_KEY_H
#define POSTSEAL_KEYSTORE_REMOTE_KEY_H

#include "core/fault.h"
#include "keystore/key.h"

/* `path` of the keeper's socket. RSA (PKCS#1 v1.5) and EC; NULL with `fault` filled for other keys.
 * Caller frees. */
EVP_PKEY *remote_key_new(const char *path, X509 *certificate, const char *fingerprint,
			 struct fault *fault);

#endif
