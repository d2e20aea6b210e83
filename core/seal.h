/*
 * Sealing of what waits in the database.
 *
 * Content is encrypted once under a random content key, in chunks (libsodium's
 * secretstream: XChaCha20-Poly1305, order and end are authenticated). Each chunk is also
 * bound to the row it belongs to. The content key is then wrapped for whoever may open it:
 *  - by a link secret and an unlock code together (Argon2id), for a first contact;
 *  - by another 256-bit key (a browser session, a mailbox, the master key);
 *  - by a password (Argon2id, with more memory), for the secret of an account;
 *  - to an X25519 public key (libsodium's sealed box), for the courier or an account.
 *
 * All keys here are to be wiped with sodium_memzero() by whoever holds them.
 */
#ifndef POSTSEAL_CORE_SEAL_H
#define POSTSEAL_CORE_SEAL_H

#include <sodium.h>

#include "core/sink.h"

enum {
	SEAL_KEY_BYTES = 32,
	SEAL_CHUNK_BYTES = 65536, /* of plain text; a sealed chunk has 17 more */
	SEAL_CHUNK_OVERHEAD = crypto_secretstream_xchacha20poly1305_ABYTES,
	SEAL_HEADER_BYTES = crypto_secretstream_xchacha20poly1305_HEADERBYTES,
	SEAL_SALT_BYTES = crypto_pwhash_SALTBYTES,
	SEAL_WRAPPED_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES + SEAL_KEY_BYTES +
			     crypto_aead_xchacha20poly1305_ietf_ABYTES,
	SEAL_BOXED_BYTES = SEAL_KEY_BYTES + crypto_box_SEALBYTES,
	SEAL_KEY_CHARACTERS = 43, /* base64url without padding (RFC 4648 §5) */
	SEAL_DIGEST_BYTES = 32,
};

struct seal_key {
	unsigned char bytes[SEAL_KEY_BYTES];
};

/* A key as text, as links and cookies carry it. */
void seal_key_show(char text_r[SEAL_KEY_CHARACTERS + 1], const struct seal_key *key);
bool seal_key_read(struct seal_key *key_r, const char *text);
/* What a key is found by in the database: tells nothing of it, and differs by purpose. */
void seal_key_digest(unsigned char digest_r[SEAL_DIGEST_BYTES], const struct seal_key *key,
		     const char *purpose);

/* Takes the sealed chunks in order, `number` from 0. */
typedef bool seal_store(void *context, unsigned number, const void *sealed, size_t length,
			struct fault *fault);

/* Seals what is written to it. finish() stores the last chunk; without it the content
 * can not be opened. */
struct sealing_sink {
	struct sink sink;
	crypto_secretstream_xchacha20poly1305_state state;
	const char *owner;
	seal_store *store;
	void *context;
	unsigned number;
	size_t held_length;
	unsigned char *held; /* SEAL_CHUNK_BYTES */
};

/* `owner` is the identifier of the row the content belongs to; header_r goes beside it. */
void sealing_sink_init(struct sealing_sink *sealing, const struct seal_key *key, const char *owner,
		       unsigned char header_r[SEAL_HEADER_BYTES], seal_store *store, void *context);
void sealing_sink_clear(struct sealing_sink *sealing);

/* Opens chunks in order and passes the content on. */
struct unsealing {
	crypto_secretstream_xchacha20poly1305_state state;
	const char *owner;
	unsigned number;
	bool ended; /* the last chunk was seen: the content is complete */
};

bool unsealing_init(struct unsealing *unsealing, const struct seal_key *key, const char *owner,
		    const unsigned char *header, size_t header_length, struct fault *fault);
bool unsealing_chunk(struct unsealing *unsealing, const unsigned char *sealed, size_t length,
		     struct sink *next, struct fault *fault);

/* Key wrapping. `about` binds the wrapped key to its row. Opening fails, without a fault
 * text, for a wrong key as for changed bytes: they cannot be told apart. */
void seal_wrap(unsigned char wrapped_r[SEAL_WRAPPED_BYTES], const struct seal_key *content,
	       const struct seal_key *wrapping, const char *about);
bool seal_unwrap(struct seal_key *content_r, const unsigned char *wrapped, size_t length,
		 const struct seal_key *wrapping, const char *about);

/* Derives the wrapping key from both secrets: about 2 ms, and 4 MiB while it lasts. */
bool seal_derive(struct seal_key *wrapping_r, const struct seal_key *link, const char *code,
		 const unsigned char salt[SEAL_SALT_BYTES], struct fault *fault);

/* Derives it from what a person keeps in mind: about 100 ms, and 32 MiB while it lasts. */
bool seal_derive_password(struct seal_key *wrapping_r, const char *password,
			  const unsigned char salt[SEAL_SALT_BYTES], struct fault *fault);

bool seal_box(unsigned char boxed_r[SEAL_BOXED_BYTES], const struct seal_key *content,
	      const struct seal_key *public_key, struct fault *fault);
bool seal_unbox(struct seal_key *content_r, const unsigned char *boxed, size_t length,
		const struct seal_key *public_key, const struct seal_key *private_key);

/* Any bytes under the master key, for private keys in the key store: nonce and
 * ciphertext with tag (XChaCha20-Poly1305). Owned by the caller. */
unsigned char *seal_bytes(const void *bytes, size_t length, const struct seal_key *key,
			  const char *about, size_t *length_r);
/* NULL when it does not open. Wipe with sodium_memzero(), then g_free(). */
unsigned char *seal_open_bytes(const unsigned char *sealed, size_t length,
			       const struct seal_key *key, const char *about, size_t *length_r);

#endif
