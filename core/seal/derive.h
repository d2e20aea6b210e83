/*
 * Argon2id (RFC 9106) with one lane, compatible with libsodium's crypto_pwhash().
 */
#ifndef POSTSEAL_CORE_SEAL_DERIVE_H
#define POSTSEAL_CORE_SEAL_DERIVE_H

#include <stdbool.h>
#include <stddef.h>

enum { DERIVE_SALT_BYTES = 16 };

/* Uses `memory` bytes and the given number of passes. Waits while as many derivations are running
 * as there are processors. False if there is not enough memory. */
bool derive_argon2id(unsigned char *key_r, size_t key_length, const void *secret, size_t length,
		     const unsigned char salt[DERIVE_SALT_BYTES], unsigned passes, size_t memory);

#endif
