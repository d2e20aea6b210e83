/*
 * Keys, and sealing of short data.
 *
 * What waits in the database is encrypted once under a random content key (core/seal/content.h).
 * The content key is then wrapped for whoever may open it:
 *  - by a link secret and an unlock code together (Argon2id), for a first contact;
 *  - by another 256-bit key (a browser session, a mailbox, the master key);
 *  - by a password (Argon2id, with more memory), for the secret of an account;
 *  - to an X25519 public key (libsodium's sealed box), for the courier or an account.
 *
 * Whoever holds any of these keys must wipe it with sodium_memzero().
 */
#ifndef POSTSEAL_CORE_SEAL_WRAP_H
#define POSTSEAL_CORE_SEAL_WRAP_H

#include <sodium.h>
#include <stdbool.h>

#include "core/fault.h"
#include "core/seal/derive.h"

enum {
	SEAL_KEY_BYTES = 32,
	SEAL_SALT_BYTES = DERIVE_SALT_BYTES,
	SEAL_WRAPPED_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES + SEAL_KEY_BYTES +
			     crypto_aead_xchacha20poly1305_ietf_ABYTES,
	SEAL_BOXED_BYTES = SEAL_KEY_BYTES + crypto_box_SEALBYTES,
	SEAL_KEY_CHARACTERS = 43, /* base64url without padding (RFC 4648 §5) */
	SEAL_DIGEST_BYTES = 32,
};

struct seal_key {
	unsigned char bytes[SEAL_KEY_BYTES];
};

/* A key as text, as it appears in links and cookies. */
void seal_key_show(char text_r[SEAL_KEY_CHARACTERS + 1], const struct seal_key *key);
bool seal_key_read(struct seal_key *key_r, const char *text);
/* What a key is looked up by in the database: reveals nothing about the key, and differs by
 * purpose. */
void seal_key_digest(unsigned char digest_r[SEAL_DIGEST_BYTES], const struct seal_key *key,
		     const char *purpose);
/* The same of a key as text; false: it is none. */
bool seal_text_digest(unsigned char digest_r[SEAL_DIGEST_BYTES], const char *text,
		      const char *purpose);

/* Key wrapping. `about` binds the wrapped key to its row. Opening fails, without a fault text, both
 * for a wrong key and for altered bytes: the two cannot be told apart. */
void seal_wrap(unsigned char wrapped_r[SEAL_WRAPPED_BYTES], const struct seal_key *content,
	       const struct seal_key *wrapping, const char *about);
bool seal_unwrap(struct seal_key *content_r, const unsigned char *wrapped, size_t length,
		 const struct seal_key *wrapping, const char *about);

/* Derives the wrapping key from both secrets: takes about 2 ms, and 4 MiB while it runs. */
bool seal_derive(struct seal_key *wrapping_r, const struct seal_key *link, const char *code,
		 const unsigned char salt[SEAL_SALT_BYTES], struct fault *fault);

/* Derives it from a secret that a person remembers: takes about 100 ms, and 32 MiB while it runs.
 */
bool seal_derive_password(struct seal_key *wrapping_r, const char *password,
			  const unsigned char salt[SEAL_SALT_BYTES], struct fault *fault);

bool seal_box(unsigned char boxed_r[SEAL_BOXED_BYTES], const struct seal_key *content,
	      const struct seal_key *public_key, struct fault *fault);
bool seal_unbox(struct seal_key *content_r, const unsigned char *boxed, size_t length,
		const struct seal_key *public_key, const struct seal_key *private_key);

/* Seals any bytes under the master key, for private keys in the key store: nonce and ciphertext
 * with tag (XChaCha20-Poly1305). Caller frees. */
unsigned char *seal_bytes(const void *bytes, size_t length, const struct seal_key *key,
			  const char *about, size_t *length_r);
/* NULL if it cannot be opened. Wipe with sodium_memzero(), then g_free(). */
unsigned char *seal_open_bytes(const unsigned char *sealed, size_t length,
			       const struct seal_key *key, const char *about, size_t *length_r);

#endif
