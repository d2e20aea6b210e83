/*
 * Sealed content: a stream of any length in chunks, encrypted under a content key that
 * core/seal/wrap.h wraps for whoever may open it.
 *
 * AES-256-GCM (NIST SP 800-38D) in a STREAM construction (Hoang et al., CRYPTO 2015): the nonce is
 * the chunk's number, and the key is derived from the content key and the random header, so that no
 * pair of key and nonce is ever used twice. All chunks are full except the last, which is shorter
 * and may be empty, so truncation is always detected. Each chunk is bound to the row that the
 * content belongs to. Every chunk can be opened on its own, so that part of the content can be read
 * without what precedes it.
 *
 * Header and chunks are stored next to each other; neither is secret.
 */
#ifndef POSTSEAL_CORE_SEAL_CONTENT_H
#define POSTSEAL_CORE_SEAL_CONTENT_H

#include <glib.h>
#include <openssl/evp.h>

#include "core/seal/wrap.h"
#include "core/sink.h"

enum {
	SEALING_CHUNK_BYTES = 65536, /* of plain text */
	SEALING_CHUNK_OVERHEAD = 16, /* the tag, which follows it */
	SEALING_HEADER_BYTES = 32,
};

/* Receives the sealed chunks in order, `number` counting from 0. */
typedef bool sealing_store(void *context, unsigned number, const void *sealed, size_t length,
			   struct fault *fault);

/* Seals what is written to it. finish() stores the last chunk; without that, the content cannot be
 * opened. */
struct sealing_sink {
	struct sink sink;
	EVP_CIPHER_CTX *cipher;
	const char *owner;
	sealing_store *store;
	void *context;
	unsigned number;
	size_t held_length;
	unsigned char *held; /* room for one sealed chunk */
};

/* `owner` is the identifier of the row the content belongs to; header_r is stored with it. */
void sealing_sink_init(struct sealing_sink *sealing, const struct seal_key *key, const char *owner,
		       unsigned char header_r[SEALING_HEADER_BYTES], sealing_store *store,
		       void *context);
void sealing_sink_clear(struct sealing_sink *sealing);

/* Opens chunks and passes the content on, in order, beginning with chunk `number`, which may be set
 * before the first. */
struct unsealing {
	EVP_CIPHER_CTX *cipher;
	const char *owner;
	unsigned number;
	bool ended; /* the last chunk has been seen: the content is complete */
};

bool unsealing_init(struct unsealing *unsealing, const struct seal_key *key, const char *owner,
		    const unsigned char *header, size_t header_length, struct fault *fault);
bool unsealing_chunk(struct unsealing *unsealing, const unsigned char *sealed, size_t length,
		     struct sink *next, struct fault *fault);
/* Must be called whatever unsealing_init() returned; harmless on a structure that is all zeros. */
void unsealing_clear(struct unsealing *unsealing);
typedef struct unsealing unsealing_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(unsealing_auto, unsealing_clear)

#endif
