/*
 * Opens the content key of a message with the private key of its recipient (RFC 5652 §6.2, RFC
 * 8017 §7, RFC 5753).
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_UNWRAP_H
#define POSTSEAL_KEYSTORE_KEEPER_UNWRAP_H

#include <openssl/evp.h>

#include "keystore/keeper.h"

/* Whatever is wrong with the bytes of the wrapped key, `key_r` gets random bytes instead, and the
 * result is true: the answer does not tell whether the padding was right (RFC 3218 §2.3.2). False
 * only if the request makes no sense for this key. */
bool unwrap_key(EVP_PKEY *private_key, const struct keeper_wrapped *wrapped,
		unsigned char key_r[KEEPER_KEY_MAX], struct fault *fault);

#endif
