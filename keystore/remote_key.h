/*
 * A private key for OpenSSL that is not here: its signatures are made by the keeper
 * (keystore/keeper.h).
 */
#ifndef POSTSEAL_KEYSTORE_REMOTE_KEY_H
#define POSTSEAL_KEYSTORE_REMOTE_KEY_H

#include "core/fault.h"
#include "keystore/key.h"

/* `path` of the keeper's socket. RSA (PKCS#1 v1.5) and EC; NULL with `fault` filled for others.
 * Caller frees. */
EVP_PKEY *remote_key_new(const char *path, X509 *certificate, const char *fingerprint,
			 struct fault *fault);

#endif
