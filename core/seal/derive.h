/*
 * Argon2id (RFC 9106), one lane, as libsodium's crypto_pwhash() makes it.
 */
#ifndef POSTSEAL_CORE_SEAL_DERIVE_H
#define POSTSEAL_CORE_SEAL_DERIVE_H

#include <stdbool.h>
#include <stddef.h>

enum { DERIVE_SALT_BYTES = 16 };

/* Of `memory` bytes and so many passes. It waits while as many derivations run as there are
 * processors. False where there is not so much memory. */
bool derive_argon2id(unsigned char *key_r, size_t key_length, const void *secret, size_t length,
		     const unsigned char salt[DERIVE_SALT_BYTES], unsigned passes, size_t memory);

#endif
