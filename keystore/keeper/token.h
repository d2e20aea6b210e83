/*
 * The authority's key in a PKCS#11 token, such as a smart card or HSM: it signs there, and never
 * leaves it.
 *
 * Through OpenSSL's engine "pkcs11" (libengine-pkcs11-openssl), which both Debian 12 and 13 have;
 * a provider for PKCS#11 exists only from Debian 13 on. OpenSSL 3 deprecates engines, but has them.
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_TOKEN_H
#define POSTSEAL_KEYSTORE_KEEPER_TOKEN_H

#include "core/fault.h"
#include "keystore/key.h"

/* `uri` of the key: "pkcs11:token=ca;object=mail" (RFC 7512); `pin`: path of a file with the PIN,
 * "": none. NULL with `fault` filled if there is no such key. Caller frees. */
EVP_PKEY *token_key(const char *uri, const char *pin, struct fault *fault);

#endif
