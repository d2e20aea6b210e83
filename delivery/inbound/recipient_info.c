#include "delivery/inbound/recipient_info.h"

#include <openssl/asn1t.h>
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

/* --- the structures of RFC 5652 §6.2.1 and §6.2.2 --- */

struct recipient_name { /* RecipientIdentifier, KeyAgreeRecipientIdentifier */
	int type;
	union {
		PKCS7_ISSUER_AND_SERIAL *certificate;
		ASN1_OCTET_STRING *key;
		struct key_name *key_name;
	} d;
};

struct key_name { /* RecipientKeyIdentifier */
	ASN1_OCTET_STRING *key;
	ASN1_GENERALIZEDTIME *date;
	ASN1_TYPE *other;
};

struct key_transport {
	ASN1_INTEGER *version;
	struct recipient_name *name;
	X509_ALGOR *algorithm;
	ASN1_OCTET_STRING *key;
};

struct sender_key { /* OriginatorPublicKey */
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *point;
};

struct sender_name { /* OriginatorIdentifierOrKey */
	int type;
	union {
		PKCS7_ISSUER_AND_SERIAL *certificate;
		ASN1_OCTET_STRING *key_name;
		struct sender_key *key;
	} d;
};

struct agreed_key { /* RecipientEncryptedKey */
	struct recipient_name *name;
	ASN1_OCTET_STRING *key;
};

typedef struct agreed_key agreed_key;
DEFINE_STACK_OF(agreed_key)

struct key_agreement {
	ASN1_INTEGER *version;
	struct sender_name *sender;
	ASN1_OCTET_STRING *material;
	X509_ALGOR *algorithm;
	STACK_OF(agreed_key) * keys;
};

struct recipient_info {
	int type;
	union {
		struct key_transport *transport;
		struct key_agreement *agreement;
	} d;
};

enum { BY_CERTIFICATE, BY_KEY };
enum { TRANSPORT, AGREEMENT };
enum { SENDER_KEY = 2 };

typedef struct recipient_name transport_name, agreement_name;
typedef struct key_name key_name;
typedef struct key_transport key_transport;
typedef struct sender_key sender_key;
typedef struct sender_name sender_name;
typedef struct key_agreement key_agreement;
typedef struct recipient_info recipient_info;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
/* clang-format off */
ASN1_CHOICE(transport_name) = {
	ASN1_SIMPLE(transport_name, d.certificate, PKCS7_ISSUER_AND_SERIAL),
	ASN1_IMP(transport_name, d.key, ASN1_OCTET_STRING, 0),
} static_ASN1_CHOICE_END(transport_name)

ASN1_SEQUENCE(key_transport) = {
	ASN1_SIMPLE(key_transport, version, ASN1_INTEGER),
	ASN1_SIMPLE(key_transport, name, transport_name),
	ASN1_SIMPLE(key_transport, algorithm, X509_ALGOR),
	ASN1_SIMPLE(key_transport, key, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END(key_transport)

ASN1_SEQUENCE(key_name) = {
	ASN1_SIMPLE(key_name, key, ASN1_OCTET_STRING),
	ASN1_OPT(key_name, date, ASN1_GENERALIZEDTIME),
	ASN1_OPT(key_name, other, ASN1_ANY),
} static_ASN1_SEQUENCE_END(key_name)

ASN1_CHOICE(agreement_name) = {
	ASN1_SIMPLE(agreement_name, d.certificate, PKCS7_ISSUER_AND_SERIAL),
	ASN1_IMP(agreement_name, d.key_name, key_name, 0),
} static_ASN1_CHOICE_END(agreement_name)

ASN1_SEQUENCE(agreed_key) = {
	ASN1_SIMPLE(agreed_key, name, agreement_name),
	ASN1_SIMPLE(agreed_key, key, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END(agreed_key)

ASN1_SEQUENCE(sender_key) = {
	ASN1_SIMPLE(sender_key, algorithm, X509_ALGOR),
	ASN1_SIMPLE(sender_key, point, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(sender_key)

ASN1_CHOICE(sender_name) = {
	ASN1_SIMPLE(sender_name, d.certificate, PKCS7_ISSUER_AND_SERIAL),
	ASN1_IMP(sender_name, d.key_name, ASN1_OCTET_STRING, 0),
	ASN1_IMP(sender_name, d.key, sender_key, 1),
} static_ASN1_CHOICE_END(sender_name)

ASN1_SEQUENCE(key_agreement) = {
	ASN1_SIMPLE(key_agreement, version, ASN1_INTEGER),
	ASN1_EXP(key_agreement, sender, sender_name, 0),
	ASN1_EXP_OPT(key_agreement, material, ASN1_OCTET_STRING, 1),
	ASN1_SIMPLE(key_agreement, algorithm, X509_ALGOR),
	ASN1_SEQUENCE_OF(key_agreement, keys, agreed_key),
} static_ASN1_SEQUENCE_END(key_agreement)

ASN1_CHOICE(recipient_info) = {
	ASN1_SIMPLE(recipient_info, d.transport, key_transport),
	ASN1_IMP(recipient_info, d.agreement, key_agreement, 1),
} static_ASN1_CHOICE_END(recipient_info);
/* clang-format on */
#pragma GCC diagnostic pop

struct recipient_info *
recipient_info_read(GBytes *ber)
{
	gsize length;
	const unsigned char *begin = g_bytes_get_data(ber, &length), *at = begin;
	recipient_info *info = (recipient_info *)ASN1_item_d2i(NULL, &at, (long)length,
							       ASN1_ITEM_rptr(recipient_info));

	ERR_clear_error();
	if (info != NULL && (gsize)(at - begin) == length)
		return info;
	recipient_info_free(info);
	return NULL;
}

void
recipient_info_free(struct recipient_info *info)
{
	if (info != NULL)
		ASN1_item_free((ASN1_VALUE *)info, ASN1_ITEM_rptr(recipient_info));
}

/* --- is it for this certificate --- */

static bool
is_certificate(const PKCS7_ISSUER_AND_SERIAL *name, X509 *certificate)
{
	return X509_NAME_cmp(name->issuer, X509_get_issuer_name(certificate)) == 0 &&
	       ASN1_INTEGER_cmp(name->serial, X509_get0_serialNumber(certificate)) == 0;
}

static bool
is_key(const ASN1_OCTET_STRING *name, X509 *certificate)
{
	const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(certificate);

	return own != NULL && ASN1_OCTET_STRING_cmp(own, name) == 0;
}

/* --- what the keeper needs --- */

static bool
put(const ASN1_STRING *string, unsigned char *bytes_r, size_t most, uint32_t *length_r)
{
	int length = ASN1_STRING_length(string);

	if (length < 0 || (size_t)length > most)
		return false;
	memcpy(bytes_r, ASN1_STRING_get0_data(string), (size_t)length);
	*length_r = (uint32_t)length;
	return true;
}

static int
algorithm_of(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *object;

	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	return OBJ_obj2nid(object);
}

/* The parameters of an algorithm as another algorithm; NULL: they are none. Caller frees. */
static X509_ALGOR *
inner_algorithm(const X509_ALGOR *algorithm)
{
	const void *value;
	int type;

	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	return type == V_ASN1_SEQUENCE ? (X509_ALGOR *)ASN1_item_unpack((const ASN1_STRING *)value,
									ASN1_ITEM_rptr(X509_ALGOR))
				       : NULL;
}

/* RFC 4055 §4.1: SHA-1 where nothing is said; labels are not known here. */
static bool
put_oaep(const X509_ALGOR *algorithm, struct keeper_wrapped *wrapped_r)
{
	const void *value;
	int type;
	RSA_OAEP_PARAMS *parameters;
	X509_ALGOR *mask;

	wrapped_r->wrapping = KEEPER_RSA_OAEP;
	wrapped_r->digest_nid = wrapped_r->other_nid = NID_sha1;
	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	if (type != V_ASN1_SEQUENCE)
		return type == V_ASN1_UNDEF || type == V_ASN1_NULL;
	parameters = (RSA_OAEP_PARAMS *)ASN1_item_unpack((const ASN1_STRING *)value,
							 ASN1_ITEM_rptr(RSA_OAEP_PARAMS));
	if (parameters == NULL)
		return false;
	if (parameters->hashFunc != NULL)
		wrapped_r->digest_nid = algorithm_of(parameters->hashFunc);
	if (parameters->maskGenFunc != NULL) {
		mask = inner_algorithm(parameters->maskGenFunc);
		wrapped_r->other_nid = mask == NULL ? NID_undef : algorithm_of(mask);
		X509_ALGOR_free(mask);
	}
	type = parameters->pSourceFunc == NULL ? V_ASN1_OCTET_STRING : V_ASN1_UNDEF;
	RSA_OAEP_PARAMS_free(parameters);
	return type == V_ASN1_OCTET_STRING;
}

static bool
put_transport(const struct key_transport *transport, struct keeper_wrapped *wrapped_r)
{
	int algorithm = algorithm_of(transport->algorithm);

	if (!put(transport->key, wrapped_r->bytes, sizeof wrapped_r->bytes, &wrapped_r->length))
		return false;
	if (algorithm == NID_rsaesOaep)
		return put_oaep(transport->algorithm, wrapped_r);
	wrapped_r->wrapping = KEEPER_RSA_PKCS1;
	return algorithm == NID_rsaEncryption;
}

/* RFC 5753 §7.1.4, §7.2: key derivation and key wrap. */
static const struct {
	int scheme, digest;
} schemes[] = {
	{NID_dhSinglePass_stdDH_sha1kdf_scheme, NID_sha1},
	{NID_dhSinglePass_stdDH_sha224kdf_scheme, NID_sha224},
	{NID_dhSinglePass_stdDH_sha256kdf_scheme, NID_sha256},
	{NID_dhSinglePass_stdDH_sha384kdf_scheme, NID_sha384},
	{NID_dhSinglePass_stdDH_sha512kdf_scheme, NID_sha512},
};

static bool
put_wrap(X509_ALGOR *wrap, ASN1_OCTET_STRING *material, struct keeper_wrapped *wrapped_r)
{
	static const int ciphers[][2] = {
		{NID_id_aes128_wrap, 16}, {NID_id_aes192_wrap, 24}, {NID_id_aes256_wrap, 32}};
	unsigned char *info = NULL;
	int length = -1;

	wrapped_r->other_nid = algorithm_of(wrap);
	for (size_t i = 0; i < G_N_ELEMENTS(ciphers); i++)
		if (ciphers[i][0] == wrapped_r->other_nid)
			length = CMS_SharedInfo_encode(&info, wrap, material, ciphers[i][1]);
	if (length > 0 && length <= KEEPER_INFO_MAX) {
		memcpy(wrapped_r->info, info, (size_t)length);
		wrapped_r->info_length = (uint32_t)length;
	}
	OPENSSL_free(info);
	return wrapped_r->info_length > 0;
}

static bool
put_agreement(const struct key_agreement *agreement, const struct agreed_key *key,
	      struct keeper_wrapped *wrapped_r)
{
	int scheme = algorithm_of(agreement->algorithm);
	X509_ALGOR *wrap;
	bool is_put;

	wrapped_r->wrapping = KEEPER_ECDH;
	for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++)
		if (schemes[i].scheme == scheme)
			wrapped_r->digest_nid = schemes[i].digest;
	if (wrapped_r->digest_nid == NID_undef || agreement->sender->type != SENDER_KEY ||
	    !put(agreement->sender->d.key->point, wrapped_r->point, sizeof wrapped_r->point,
		 &wrapped_r->point_length) ||
	    !put(key->key, wrapped_r->bytes, sizeof wrapped_r->bytes, &wrapped_r->length))
		return false;
	wrap = inner_algorithm(agreement->algorithm);
	is_put = wrap != NULL && put_wrap(wrap, agreement->material, wrapped_r);
	X509_ALGOR_free(wrap);
	return is_put;
}

static bool
agreement_for(const struct key_agreement *agreement, X509 *certificate,
	      struct keeper_wrapped *wrapped_r)
{
	for (int i = 0; i < sk_agreed_key_num(agreement->keys); i++) {
		const struct agreed_key *key = sk_agreed_key_value(agreement->keys, i);

		if (key->name->type == BY_CERTIFICATE
			    ? is_certificate(key->name->d.certificate, certificate)
			    : is_key(key->name->d.key_name->key, certificate))
			return put_agreement(agreement, key, wrapped_r);
	}
	return false;
}

/* Whoever writes a message chooses both: a name may stand in the wrong kind of RecipientInfo. */
static bool
fits(const struct recipient_info *info, X509 *certificate)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);

	return key != NULL &&
	       EVP_PKEY_get_base_id(key) == (info->type == AGREEMENT ? EVP_PKEY_EC : EVP_PKEY_RSA);
}

bool
recipient_info_for(const struct recipient_info *info, X509 *certificate, size_t key_length,
		   struct keeper_wrapped *wrapped_r)
{
	const struct recipient_name *name;
	bool is_for = false;

	*wrapped_r = (struct keeper_wrapped){.key_length = (uint32_t)key_length};
	if (!fits(info, certificate)) {
		ERR_clear_error();
		return false;
	}
	if (info->type == AGREEMENT) {
		is_for = agreement_for(info->d.agreement, certificate, wrapped_r);
	} else {
		name = info->d.transport->name;
		is_for = (name->type == BY_CERTIFICATE
				  ? is_certificate(name->d.certificate, certificate)
				  : is_key(name->d.key, certificate)) &&
			 put_transport(info->d.transport, wrapped_r);
	}
	ERR_clear_error();
	return is_for;
}
