#include "core/seal/wrap.h"

#include <glib.h>
#include <string.h>

#include "core/seal/derive.h"

enum {
	CODE_PASSES = 1,
	CODE_MEMORY = 4 * 1024 * 1024,
	PASSWORD_PASSES = 3,
	PASSWORD_MEMORY = 32 * 1024 * 1024,
	NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
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
	       sodium_base642bin(key_r->bytes, SEAL_KEY_BYTES, text, SEAL_KEY_CHARACTERS, NULL,
				 &length, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       length == SEAL_KEY_BYTES;
}

void
seal_key_digest(unsigned char digest_r[SEAL_DIGEST_BYTES], const struct seal_key *key,
		const char *purpose)
{
	crypto_generichash(digest_r, SEAL_DIGEST_BYTES, key->bytes, SEAL_KEY_BYTES,
			   (const unsigned char *)purpose, strlen(purpose) + 1);
}

bool
seal_text_digest(unsigned char digest_r[SEAL_DIGEST_BYTES], const char *text, const char *purpose)
{
	struct seal_key key;

	if (!seal_key_read(&key, text))
		return false;
	seal_key_digest(digest_r, &key, purpose);
	sodium_memzero(&key, sizeof key);
	return true;
}

unsigned char *
seal_bytes(const void *bytes, size_t length, const struct seal_key *key, const char *about,
	   size_t *length_r)
{
	unsigned char *sealed = g_malloc(NONCE_BYTES + length + TAG_BYTES);
	unsigned long long used;

	randombytes_buf(sealed, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_BYTES, &used, bytes, length,
						   (const unsigned char *)about, strlen(about),
						   NULL, sealed, key->bytes);
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
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
		    plain, &used, NULL, sealed + NONCE_BYTES, length - NONCE_BYTES,
		    (const unsigned char *)about, strlen(about), sealed, key->bytes) != 0)
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

/* Both secrets are needed: the code is hashed under the link secret before Argon2id. */
bool
seal_derive(struct seal_key *wrapping_r, const struct seal_key *link, const char *code,
	    const unsigned char salt[SEAL_SALT_BYTES], struct fault *fault)
{
	unsigned char both[SEAL_KEY_BYTES];
	bool done;

	crypto_generichash(both, sizeof both, (const unsigned char *)code, strlen(code),
			   link->bytes, SEAL_KEY_BYTES);
	done = derive_argon2id(wrapping_r->bytes, SEAL_KEY_BYTES, both, sizeof both, salt,
			       CODE_PASSES, CODE_MEMORY);
	sodium_memzero(both, sizeof both);
	return done ||
	       fault_set(fault, FAULT_STORAGE, "deriving a key from link and code: out of memory");
}

bool
seal_derive_password(struct seal_key *wrapping_r, const char *password,
		     const unsigned char salt[SEAL_SALT_BYTES], struct fault *fault)
{
	return derive_argon2id(wrapping_r->bytes, SEAL_KEY_BYTES, password, strlen(password), salt,
			       PASSWORD_PASSES, PASSWORD_MEMORY) ||
	       fault_set(fault, FAULT_STORAGE, "deriving a key from a password: out of memory");
}

bool
seal_box(unsigned char boxed_r[SEAL_BOXED_BYTES], const struct seal_key *content,
	 const struct seal_key *public_key, struct fault *fault)
{
	if (crypto_box_seal(boxed_r, content->bytes, SEAL_KEY_BYTES, public_key->bytes) != 0)
		return fault_set(fault, FAULT_CRYPTO,
				 "sealing a content key: the public key is not valid");
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
