/*
 * Private keys for OpenSSL that are held elsewhere: methods for RSA and EC keys that ask the keeper
 * to sign. OpenSSL 3 deprecates these methods in favour of providers, which would take much more
 * code for the same result; the methods remain available throughout OpenSSL 3.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "core/log.h"
#include "keystore/keeper.h"
#include "keystore/remote_key.h"

/* Where the keeper of a key is, and which key it is. */
struct place {
	char *path;
	char *fingerprint;
};

static int rsa_slot, ec_slot;
static RSA_METHOD *rsa_method;
static EC_KEY_METHOD *ec_method;

static bool
sign(const struct place *place, int digest_nid, const unsigned char *digest, size_t length,
     unsigned char *signature, unsigned *signature_length, size_t room)
{
	struct keeper_request request = {
		.wish = KEEPER_SIGN, .digest_nid = digest_nid, .length = (uint32_t)length};
	struct keeper_reply reply;
	struct fault fault;

	if (place == NULL || length > KEEPER_DIGEST_MAX)
		return false;
	memcpy(request.digest, digest, length);
	g_strlcpy(request.fingerprint, place->fingerprint, sizeof request.fingerprint);
	if (!keeper_ask(place->path, &request, &reply, &fault)) {
		log_error("%s", fault.text); /* OpenSSL's errors have no room for the text */
		return false;
	}
	if (reply.length > room)
		return false;
	memcpy(signature, reply.signature, reply.length);
	*signature_length = reply.length;
	return true;
}

static int
rsa_sign(int digest_nid, const unsigned char *digest, unsigned length, unsigned char *signature,
	 unsigned *signature_length, const RSA *rsa)
{
	return sign(RSA_get_ex_data(rsa, rsa_slot), digest_nid, digest, length, signature,
		    signature_length, (size_t)RSA_size(rsa));
}

static int
ec_sign(int digest_nid, const unsigned char *digest, int length, unsigned char *signature,
	unsigned *signature_length, const BIGNUM *kinv, const BIGNUM *r, EC_KEY *key)
{
	(void)digest_nid;
	(void)kinv;
	(void)r;
	return sign(EC_KEY_get_ex_data(key, ec_slot), NID_undef, digest, (size_t)length, signature,
		    signature_length, (size_t)ECDSA_size(key));
}

static void
place_free(void *parent, void *pointer, CRYPTO_EX_DATA *data, int slot, long number, void *argument)
{
	struct place *place = pointer;

	(void)parent, (void)data, (void)slot, (void)number, (void)argument;
	if (place == NULL)
		return;
	g_free(place->path);
	g_free(place->fingerprint);
	g_free(place);
}

static void
make_methods(void)
{
	static gsize made;

	if (!g_once_init_enter(&made))
		return;
	rsa_slot = RSA_get_ex_new_index(0, NULL, NULL, NULL, place_free);
	ec_slot = EC_KEY_get_ex_new_index(0, NULL, NULL, NULL, place_free);
	rsa_method = RSA_meth_dup(RSA_get_default_method());
	RSA_meth_set1_name(rsa_method, "keeper");
	RSA_meth_set_flags(rsa_method, RSA_meth_get_flags(rsa_method) | RSA_METHOD_FLAG_NO_CHECK);
	RSA_meth_set_sign(rsa_method, rsa_sign);
	ec_method = EC_KEY_METHOD_new(EC_KEY_get_default_method());
	EC_KEY_METHOD_set_sign(ec_method, ec_sign, NULL, NULL);
	g_once_init_leave(&made, 1);
}

static struct place *
place_new(const char *path, const char *fingerprint)
{
	struct place *place = g_new(struct place, 1);

	place->path = g_strdup(path);
	place->fingerprint = g_strdup(fingerprint);
	return place;
}

static EVP_PKEY *
rsa_key(const char *path, EVP_PKEY *public_key, const char *fingerprint)
{
	RSA *rsa = EVP_PKEY_get1_RSA(public_key), *own;
	EVP_PKEY *key = EVP_PKEY_new();

	own = RSAPublicKey_dup(rsa);
	RSA_free(rsa);
	RSA_set_method(own, rsa_method);
	RSA_set_ex_data(own, rsa_slot, place_new(path, fingerprint));
	EVP_PKEY_assign_RSA(key, own);
	return key;
}

static EVP_PKEY *
ec_key(const char *path, EVP_PKEY *public_key, const char *fingerprint)
{
	EC_KEY *shared = EVP_PKEY_get1_EC_KEY(public_key), *own = EC_KEY_dup(shared);
	EVP_PKEY *key = EVP_PKEY_new();

	EC_KEY_free(shared);
	EC_KEY_set_method(own, ec_method);
	EC_KEY_set_ex_data(own, ec_slot, place_new(path, fingerprint));
	EVP_PKEY_assign_EC_KEY(key, own);
	return key;
}

EVP_PKEY *
remote_key_new(const char *path, X509 *certificate, const char *fingerprint, struct fault *fault)
{
	EVP_PKEY *public_key = X509_get0_pubkey(certificate);

	make_methods();
	switch (EVP_PKEY_get_base_id(public_key)) {
	case EVP_PKEY_RSA:
		return rsa_key(path, public_key, fingerprint);
	case EVP_PKEY_EC:
		return ec_key(path, public_key, fingerprint);
	default:
		fault_set(fault, FAULT_CRYPTO,
			  "using the private key %.16s: keys of type %s cannot sign here",
			  fingerprint, EVP_PKEY_get0_type_name(public_key));
		return NULL;
	}
}
