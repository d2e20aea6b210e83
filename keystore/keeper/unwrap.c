#include "keystore/keeper/unwrap.h"

#include <glib.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

/* What was unwrapped: at most as long as an RSA key. */
struct unwrapped {
	unsigned char bytes[KEEPER_WRAPPED_MAX];
	size_t length;
	bool is_good;
};

static bool
makes_sense(const struct keeper_wrapped *wrapped)
{
	return wrapped->key_length > 0 && wrapped->key_length <= KEEPER_KEY_MAX &&
	       wrapped->length <= KEEPER_WRAPPED_MAX && wrapped->point_length <= KEEPER_POINT_MAX &&
	       wrapped->info_length <= KEEPER_INFO_MAX;
}

/* A message may name a key in a way that is not for its kind. */
static bool
fits(const EVP_PKEY *private_key, const struct keeper_wrapped *wrapped)
{
	return EVP_PKEY_get_base_id(private_key) ==
	       (wrapped->wrapping == KEEPER_ECDH ? EVP_PKEY_EC : EVP_PKEY_RSA);
}

/* --- RSA --- */

static bool
set_padding(EVP_PKEY_CTX *context, const struct keeper_wrapped *wrapped)
{
	const EVP_MD *digest = EVP_get_digestbynid(wrapped->digest_nid);
	const EVP_MD *mask = EVP_get_digestbynid(wrapped->other_nid);

	if (wrapped->wrapping == KEEPER_RSA_PKCS1)
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
	return digest != NULL && mask != NULL &&
	       EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(context, digest) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(context, mask) == 1;
}

static void
unwrap_rsa(EVP_PKEY *private_key, const struct keeper_wrapped *wrapped, struct unwrapped *unwrapped)
{
	g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new(private_key, NULL);

	unwrapped->length = sizeof unwrapped->bytes;
	unwrapped->is_good = context != NULL && EVP_PKEY_decrypt_init(context) == 1 &&
			     set_padding(context, wrapped) &&
			     EVP_PKEY_decrypt(context, unwrapped->bytes, &unwrapped->length,
					      wrapped->bytes, wrapped->length) == 1;
}

/* --- key agreement --- */

/* The sender's key, if it is a point on our curve. */
static EVP_PKEY *
peer_of(const EVP_PKEY *private_key, const struct keeper_wrapped *wrapped)
{
	g_autoptr(EVP_PKEY) peer = EVP_PKEY_new();

	if (peer == NULL || EVP_PKEY_copy_parameters(peer, private_key) != 1 ||
	    EVP_PKEY_set1_encoded_public_key(peer, wrapped->point, wrapped->point_length) != 1)
		return NULL;
	return g_steal_pointer(&peer);
}

static bool
derive(EVP_PKEY *private_key, const struct keeper_wrapped *wrapped, unsigned char *kek,
       size_t length)
{
	g_autoptr(EVP_PKEY) peer = peer_of(private_key, wrapped);
	g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new(private_key, NULL);
	const EVP_MD *digest = EVP_get_digestbynid(wrapped->digest_nid);
	unsigned char *info = OPENSSL_memdup(wrapped->info, wrapped->info_length);

	if (peer == NULL || context == NULL || digest == NULL || info == NULL ||
	    EVP_PKEY_derive_init(context) != 1 ||
	    EVP_PKEY_CTX_set_ecdh_kdf_type(context, EVP_PKEY_ECDH_KDF_X9_63) != 1 ||
	    EVP_PKEY_CTX_set_ecdh_kdf_md(context, digest) != 1 ||
	    EVP_PKEY_CTX_set_ecdh_kdf_outlen(context, (int)length) != 1 ||
	    EVP_PKEY_CTX_set0_ecdh_kdf_ukm(context, info, (int)wrapped->info_length) != 1) {
		OPENSSL_free(info);
		return false;
	}
	return EVP_PKEY_derive_set_peer(context, peer) == 1 &&
	       EVP_PKEY_derive(context, kek, &length) == 1;
}

/* AES key wrap (RFC 3394); its output is 8 bytes shorter than its input. */
static void
unwrap_agreed(EVP_PKEY *private_key, const struct keeper_wrapped *wrapped,
	      struct unwrapped *unwrapped)
{
	const EVP_CIPHER *cipher = EVP_get_cipherbynid(wrapped->other_nid);
	g_autoptr(EVP_CIPHER_CTX) context = EVP_CIPHER_CTX_new();
	unsigned char kek[EVP_MAX_KEY_LENGTH];
	int length = 0;

	if (cipher == NULL || EVP_CIPHER_get_mode(cipher) != EVP_CIPH_WRAP_MODE || context == NULL)
		return;
	EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	unwrapped->is_good =
		derive(private_key, wrapped, kek, (size_t)EVP_CIPHER_get_key_length(cipher)) &&
		EVP_DecryptInit_ex(context, cipher, NULL, kek, NULL) == 1 &&
		EVP_DecryptUpdate(context, unwrapped->bytes, &length, wrapped->bytes,
				  (int)wrapped->length) == 1;
	unwrapped->length = (size_t)MAX(length, 0);
	sodium_memzero(kek, sizeof kek);
}

/* --- the answer --- */

/* Without a branch on whether it is good. */
static void
choose(unsigned char *key_r, const struct unwrapped *unwrapped,
       const struct keeper_wrapped *wrapped)
{
	unsigned char random[KEEPER_KEY_MAX],
		mask = (unsigned char)-(unwrapped->is_good &
					(unwrapped->length == wrapped->key_length));

	randombytes_buf(random, sizeof random);
	for (size_t i = 0; i < KEEPER_KEY_MAX; i++)
		key_r[i] = (unsigned char)((unwrapped->bytes[i] & mask) | (random[i] & ~mask));
	sodium_memzero(random, sizeof random);
}

bool
unwrap_key(EVP_PKEY *private_key, const struct keeper_wrapped *wrapped,
	   unsigned char key_r[KEEPER_KEY_MAX], struct fault *fault)
{
	struct unwrapped unwrapped = {0};

	if (!makes_sense(wrapped))
		return fault_set(fault, FAULT_CRYPTO, "it cannot open such a key");
	if (fits(private_key, wrapped) && wrapped->wrapping == KEEPER_ECDH)
		unwrap_agreed(private_key, wrapped, &unwrapped);
	else if (fits(private_key, wrapped))
		unwrap_rsa(private_key, wrapped, &unwrapped);
	choose(key_r, &unwrapped, wrapped);
	ERR_clear_error();
	sodium_memzero(&unwrapped, sizeof unwrapped);
	return true;
}
