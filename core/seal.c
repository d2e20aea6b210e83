#include "core/seal.h"

#include <glib.h>
#include <string.h>

enum {
	CODE_OPERATIONS = 1,
	CODE_MEMORY = 4 * 1024 * 1024,
	PASSWORD_OPERATIONS = 3,
	PASSWORD_MEMORY = 32 * 1024 * 1024,
	NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	BINDING_MAX = 96,
};

void
seal_key_show(char text_r[SEAL_KEY_CHARACTERS + 1], const struct seal_key *key)
{
	sodium_bin2base64(text_r, SEAL_KEY_CHARACTERS + 1, key->bytes, SEAL_KEY_BYTES,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool
seal_key_read(struct seal_key *key_r, const char *text)
{
	size_t length;

	return strlen(text) == SEAL_KEY_CHARACTERS &&
	       sodium_base642bin(key_r->bytes, SEAL_KEY_BYTES, text, SEAL_KEY_CHARACTERS, NULL, &length, NULL,
				 sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       length == SEAL_KEY_BYTES;
}

void
seal_key_digest(unsigned char digest_r[SEAL_DIGEST_BYTES], const struct seal_key *key, const char *purpose)
{
	crypto_generichash(digest_r, SEAL_DIGEST_BYTES, key->bytes, SEAL_KEY_BYTES,
			   (const unsigned char *)purpose, strlen(purpose) + 1);
}

/* What a chunk is bound to: the row it belongs to and its place in it. */
static size_t
binding(char text[BINDING_MAX], const char *owner, unsigned number)
{
	return (size_t)g_snprintf(text, BINDING_MAX, "%s/%u", owner, number);
}

static bool
seal_held(struct sealing_sink *sealing, unsigned char tag, struct fault *fault)
{
	g_autofree unsigned char *out = g_malloc(SEAL_CHUNK_BYTES + SEAL_CHUNK_OVERHEAD);
	char bound[BINDING_MAX];
	size_t bound_length = binding(bound, sealing->owner, sealing->number);
	unsigned long long out_length;

	crypto_secretstream_xchacha20poly1305_push(&sealing->state, out, &out_length, sealing->held,
						   sealing->held_length, (const unsigned char *)bound,
						   bound_length, tag);
	sealing->held_length = 0;
	return sealing->store(sealing->context, sealing->number++, out, (size_t)out_length, fault);
}

static bool
sealing_write(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct sealing_sink *sealing = (struct sealing_sink *)sink;
	const unsigned char *bytes = data;

	while (length > 0) {
		size_t piece = MIN(length, SEAL_CHUNK_BYTES - sealing->held_length);

		/* A full chunk is kept until more comes: the last one carries the end mark. */
		if (piece == 0) {
			if (!seal_held(sealing, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE,
				       fault))
				return false;
			continue;
		}
		memcpy(sealing->held + sealing->held_length, bytes, piece);
		sealing->held_length += piece;
		bytes += piece;
		length -= piece;
	}
	return true;
}

static bool
sealing_finish(struct sink *sink, struct fault *fault)
{
	return seal_held((struct sealing_sink *)sink,
			 crypto_secretstream_xchacha20poly1305_TAG_FINAL, fault);
}

void
sealing_sink_init(struct sealing_sink *sealing, const struct seal_key *key, const char *owner,
		  unsigned char header_r[SEAL_HEADER_BYTES], seal_store *store, void *context)
{
	*sealing = (struct sealing_sink){
		.sink = {.write = sealing_write, .finish = sealing_finish},
		.owner = owner,
		.store = store,
		.context = context,
		.held = g_malloc(SEAL_CHUNK_BYTES),
	};
	crypto_secretstream_xchacha20poly1305_init_push(&sealing->state, header_r, key->bytes);
}

void
sealing_sink_clear(struct sealing_sink *sealing)
{
	if (sealing->held != NULL)
		sodium_memzero(sealing->held, SEAL_CHUNK_BYTES);
	g_free(sealing->held);
	sodium_memzero(sealing, sizeof *sealing);
}

bool
unsealing_init(struct unsealing *unsealing, const struct seal_key *key, const char *owner,
	       const unsigned char *header, size_t header_length, struct fault *fault)
{
	*unsealing = (struct unsealing){.owner = owner};
	if (header_length != SEAL_HEADER_BYTES ||
	    crypto_secretstream_xchacha20poly1305_init_pull(&unsealing->state, header, key->bytes) != 0)
		return fault_set(fault, FAULT_CRYPTO, "opening the sealed content %s: its header is damaged",
				 owner);
	return true;
}

bool
unsealing_chunk(struct unsealing *unsealing, const unsigned char *sealed, size_t length,
		struct sink *next, struct fault *fault)
{
	g_autofree unsigned char *plain = g_malloc(SEAL_CHUNK_BYTES);
	char bound[BINDING_MAX];
	size_t bound_length = binding(bound, unsealing->owner, unsealing->number);
	unsigned long long plain_length;
	unsigned char tag;
	bool written;

	if (unsealing->ended || length > SEAL_CHUNK_BYTES + SEAL_CHUNK_OVERHEAD ||
	    crypto_secretstream_xchacha20poly1305_pull(&unsealing->state, plain, &plain_length, &tag,
						       sealed, length, (const unsigned char *)bound,
						       bound_length) != 0)
		return fault_set(fault, FAULT_CRYPTO, "opening the sealed content %s: chunk %u is damaged",
				 unsealing->owner, unsealing->number);
	unsealing->number++;
	unsealing->ended = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
	written = sink_write(next, plain, (size_t)plain_length, fault);
	sodium_memzero(plain, SEAL_CHUNK_BYTES);
	return written;
}

unsigned char *
seal_bytes(const void *bytes, size_t length, const struct seal_key *key, const char *about,
	   size_t *length_r)
{
	unsigned char *sealed = g_malloc(NONCE_BYTES + length + TAG_BYTES);
	unsigned long long used;

	randombytes_buf(sealed, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_BYTES, &used, bytes, length,
						   (const unsigned char *)about, strlen(about), NULL,
						   sealed, key->bytes);
	*length_r = NONCE_BYTES + (size_t)used;
	return sealed;
}

unsigned char *
seal_open_bytes(const unsigned char *sealed, size_t length, const struct seal_key *key,
		const char *about, size_t *length_r)
{
	g_autofree unsigned char *plain = NULL;
	unsigned long long used;

	if (length < NONCE_BYTES + TAG_BYTES)
		return NULL;
	plain = g_malloc(length);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &used, NULL, sealed + NONCE_BYTES,
						       length - NONCE_BYTES,
						       (const unsigned char *)about, strlen(about),
						       sealed, key->bytes) != 0)
		return NULL;
	*length_r = (size_t)used;
	return g_steal_pointer(&plain);
}

void
seal_wrap(unsigned char wrapped_r[SEAL_WRAPPED_BYTES], const struct seal_key *content,
	  const struct seal_key *wrapping, const char *about)
{
	size_t length;
	g_autofree unsigned char *wrapped =
		seal_bytes(content->bytes, SEAL_KEY_BYTES, wrapping, about, &length);

	memcpy(wrapped_r, wrapped, SEAL_WRAPPED_BYTES);
}

bool
seal_unwrap(struct seal_key *content_r, const unsigned char *wrapped, size_t length,
	    const struct seal_key *wrapping, const char *about)
{
	size_t plain_length;
	g_autofree unsigned char *plain = NULL;

	if (length != SEAL_WRAPPED_BYTES)
		return false;
	plain = seal_open_bytes(wrapped, length, wrapping, about, &plain_length);
	if (plain == NULL)
		return false;
	memcpy(content_r->bytes, plain, SEAL_KEY_BYTES);
	sodium_memzero(plain, plain_length);
	return true;
}

/* Argon2id wants its memory at once: as many derivations as processors run together. */
static int
derive(struct seal_key *key_r, const unsigned char *input, size_t length,
       const unsigned char salt[SEAL_SALT_BYTES], unsigned operations, size_t memory)
{
	static GMutex lock;
	static GCond ended;
	static guint running;
	int done;

	g_mutex_lock(&lock);
	while (running >= g_get_num_processors())
		g_cond_wait(&ended, &lock);
	running++;
	g_mutex_unlock(&lock);
	done = crypto_pwhash(key_r->bytes, SEAL_KEY_BYTES, (const char *)input, length, salt,
			     operations, memory, crypto_pwhash_ALG_ARGON2ID13);
	g_mutex_lock(&lock);
	running--;
	g_cond_signal(&ended);
	g_mutex_unlock(&lock);
	return done;
}

/* Both secrets are needed: the code is hashed under the link secret before Argon2id. */
bool
seal_derive(struct seal_key *wrapping_r, const struct seal_key *link, const char *code,
	    const unsigned char salt[SEAL_SALT_BYTES], struct fault *fault)
{
	unsigned char both[SEAL_KEY_BYTES];
	int done;

	crypto_generichash(both, sizeof both, (const unsigned char *)code, strlen(code), link->bytes,
			   SEAL_KEY_BYTES);
	done = derive(wrapping_r, both, sizeof both, salt, CODE_OPERATIONS, CODE_MEMORY);
	sodium_memzero(both, sizeof both);
	if (done != 0)
		return fault_set(fault, FAULT_STORAGE, "deriving a key from link and code: out of memory");
	return true;
}

bool
seal_derive_password(struct seal_key *wrapping_r, const char *password,
		     const unsigned char salt[SEAL_SALT_BYTES], struct fault *fault)
{
	return derive(wrapping_r, (const unsigned char *)password, strlen(password), salt,
		      PASSWORD_OPERATIONS, PASSWORD_MEMORY) == 0 ||
	       fault_set(fault, FAULT_STORAGE, "deriving a key from a password: out of memory");
}

bool
seal_box(unsigned char boxed_r[SEAL_BOXED_BYTES], const struct seal_key *content,
	 const struct seal_key *public_key, struct fault *fault)
{
	if (crypto_box_seal(boxed_r, content->bytes, SEAL_KEY_BYTES, public_key->bytes) != 0)
		return fault_set(fault, FAULT_CRYPTO, "sealing a content key: the public key is not valid");
	return true;
}

bool
seal_unbox(struct seal_key *content_r, const unsigned char *boxed, size_t length,
	   const struct seal_key *public_key, const struct seal_key *private_key)
{
	return length == SEAL_BOXED_BYTES &&
	       crypto_box_seal_open(content_r->bytes, boxed, length, public_key->bytes,
				    private_key->bytes) == 0;
}
