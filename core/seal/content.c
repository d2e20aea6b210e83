#include "core/seal/content.h"

#include <string.h>

enum { NONCE_BYTES = 12 };

static const char opening[] = "opening the sealed content";

/* --- the cipher --- */

static void
derive_key(struct seal_key *derived_r, const struct seal_key *content,
	   const unsigned char header[SEALING_HEADER_BYTES])
{
	static const unsigned char purpose[crypto_generichash_blake2b_PERSONALBYTES] =
		"postseal content";

	crypto_generichash_blake2b_salt_personal(derived_r->bytes, SEAL_KEY_BYTES, header,
						 SEALING_HEADER_BYTES, content->bytes,
						 SEAL_KEY_BYTES, NULL, purpose);
}

/* NULL if OpenSSL has no AES-GCM or no memory. */
static EVP_CIPHER_CTX *
cipher_new(const struct seal_key *content, const unsigned char header[SEALING_HEADER_BYTES],
	   bool encrypts)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	struct seal_key derived;

	derive_key(&derived, content, header);
	if (cipher != NULL &&
	    EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, derived.bytes, NULL, encrypts) != 1)
		g_clear_pointer(&cipher, EVP_CIPHER_CTX_free);
	sodium_memzero(&derived, sizeof derived);
	return cipher;
}

/* Prepares the cipher for one chunk: the chunk's number is the nonce, its row is authenticated. */
static bool
cipher_begin(EVP_CIPHER_CTX *cipher, unsigned number, const char *owner)
{
	unsigned char nonce[NONCE_BYTES] = {0};
	guint32 counted = GUINT32_TO_BE(number);
	int ignored;

	memcpy(nonce + NONCE_BYTES - sizeof counted, &counted, sizeof counted);
	return cipher != NULL && EVP_CipherInit_ex(cipher, NULL, NULL, NULL, nonce, -1) == 1 &&
	       EVP_CipherUpdate(cipher, NULL, &ignored, (const unsigned char *)owner,
				(int)strlen(owner)) == 1;
}

/* `sealed` may be the same memory as the plain bytes. */
static bool
encrypt(EVP_CIPHER_CTX *cipher, unsigned char *sealed, const void *plain, size_t length)
{
	int used, more;

	return EVP_EncryptUpdate(cipher, sealed, &used, plain, (int)length) == 1 &&
	       EVP_EncryptFinal_ex(cipher, sealed + used, &more) == 1 &&
	       EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, SEALING_CHUNK_OVERHEAD,
				   sealed + length) == 1;
}

static bool
decrypt(EVP_CIPHER_CTX *cipher, unsigned char *plain, const unsigned char *sealed, size_t length)
{
	unsigned char tag[SEALING_CHUNK_OVERHEAD];
	int used, more;

	memcpy(tag, sealed + length, sizeof tag);
	return EVP_DecryptUpdate(cipher, plain, &used, sealed, (int)length) == 1 &&
	       EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1 &&
	       EVP_DecryptFinal_ex(cipher, plain + used, &more) == 1;
}

/* --- sealing --- */

/* `plain` is either the caller's memory or the buffer that is held. */
static bool
seal_chunk(struct sealing_sink *sealing, const void *plain, size_t length, struct fault *fault)
{
	if (!cipher_begin(sealing->cipher, sealing->number, sealing->owner) ||
	    !encrypt(sealing->cipher, sealing->held, plain, length))
		return fault_set(fault, FAULT_CRYPTO,
				 "sealing the content %s: OpenSSL's AES-256-GCM failed",
				 sealing->owner);
	sealing->held_length = 0;
	return sealing->store(sealing->context, sealing->number++, sealing->held,
			      length + SEALING_CHUNK_OVERHEAD, fault);
}

static bool
sealing_write(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct sealing_sink *sealing = (struct sealing_sink *)sink;
	const unsigned char *bytes = data;

	while (length > 0) {
		size_t piece = MIN(length, SEALING_CHUNK_BYTES - sealing->held_length);
		bool is_whole = piece == SEALING_CHUNK_BYTES; /* need not be copied */

		if (!is_whole) {
			memcpy(sealing->held + sealing->held_length, bytes, piece);
			sealing->held_length += piece;
		}
		if ((is_whole || sealing->held_length == SEALING_CHUNK_BYTES) &&
		    !seal_chunk(sealing, is_whole ? bytes : sealing->held, SEALING_CHUNK_BYTES,
				fault))
			return false;
		bytes += piece;
		length -= piece;
	}
	return true;
}

static bool
sealing_finish(struct sink *sink, struct fault *fault)
{
	struct sealing_sink *sealing = (struct sealing_sink *)sink;

	return seal_chunk(sealing, sealing->held, sealing->held_length, fault);
}

void
sealing_sink_init(struct sealing_sink *sealing, const struct seal_key *key, const char *owner,
		  unsigned char header_r[SEALING_HEADER_BYTES], sealing_store *store, void *context)
{
	randombytes_buf(header_r, SEALING_HEADER_BYTES);
	*sealing = (struct sealing_sink){
		.sink = {.write = sealing_write, .finish = sealing_finish},
		.cipher = cipher_new(key, header_r, true),
		.owner = owner,
		.store = store,
		.context = context,
		.held = g_malloc(SEALING_CHUNK_BYTES + SEALING_CHUNK_OVERHEAD),
	};
}

void
sealing_sink_clear(struct sealing_sink *sealing)
{
	EVP_CIPHER_CTX_free(sealing->cipher);
	if (sealing->held != NULL)
		sodium_memzero(sealing->held, SEALING_CHUNK_BYTES);
	g_free(sealing->held);
	sodium_memzero(sealing, sizeof *sealing);
}

/* --- opening --- */

bool
unsealing_init(struct unsealing *unsealing, const struct seal_key *key, const char *owner,
	       const unsigned char *header, size_t header_length, struct fault *fault)
{
	*unsealing = (struct unsealing){.owner = owner};
	if (header_length != SEALING_HEADER_BYTES)
		return fault_set(fault, FAULT_CRYPTO, "%s %s: its header is damaged", opening,
				 owner);
	unsealing->cipher = cipher_new(key, header, false);
	return unsealing->cipher != NULL ||
	       fault_set(fault, FAULT_CRYPTO, "%s %s: OpenSSL's AES-256-GCM failed", opening,
			 owner);
}

void
unsealing_clear(struct unsealing *unsealing)
{
	EVP_CIPHER_CTX_free(unsealing->cipher);
	*unsealing = (struct unsealing){0};
}

static bool
open_chunk(struct unsealing *unsealing, unsigned char *plain_r, const unsigned char *sealed,
	   size_t length)
{
	if (unsealing->ended || length > SEALING_CHUNK_BYTES ||
	    !cipher_begin(unsealing->cipher, unsealing->number, unsealing->owner) ||
	    !decrypt(unsealing->cipher, plain_r, sealed, length))
		return false;
	unsealing->number++;
	unsealing->ended = length < SEALING_CHUNK_BYTES;
	return true;
}

bool
unsealing_chunk(struct unsealing *unsealing, const unsigned char *sealed, size_t length,
		struct sink *next, struct fault *fault)
{
	g_autofree unsigned char *plain = g_malloc(SEALING_CHUNK_BYTES);
	size_t plain_length = length - MIN(length, (size_t)SEALING_CHUNK_OVERHEAD);
	bool written = false;

	if (length < SEALING_CHUNK_OVERHEAD || !open_chunk(unsealing, plain, sealed, plain_length))
		fault_set(fault, FAULT_CRYPTO, "%s %s: chunk %u is damaged", opening,
			  unsealing->owner, unsealing->number);
	else
		written = sink_write(next, plain, plain_length, fault);
	sodium_memzero(plain, SEALING_CHUNK_BYTES);
	return written;
}
