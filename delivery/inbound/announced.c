#include "delivery/inbound/announced.h"

#include <openssl/asn1.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "delivery/inbound/carried.h"
#include "keystore/certificate.h"

/* --- the preferred certificate --- */

struct octets {
	const unsigned char *at;
	size_t length;
};

static const ASN1_TYPE *
attribute_of(CMS_SignerInfo *signer, const char *oid)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	int at = object == NULL ? -1 : CMS_signed_get_attr_by_OBJ(signer, object, -1);
	X509_ATTRIBUTE *attribute = at < 0 ? NULL : CMS_signed_get_attr(signer, at);

	ASN1_OBJECT_free(object);
	return attribute == NULL ? NULL : X509_ATTRIBUTE_get0_type(attribute, 0);
}

/* What is in the value, and *tag_r: of its choice, or of the sequence. */
static bool
open_value(const ASN1_TYPE *value, struct octets *octets_r, int *tag_r)
{
	const ASN1_STRING *der = value->type == V_ASN1_SEQUENCE || value->type == V_ASN1_OTHER
					 ? value->value.asn1_string
					 : NULL;
	const unsigned char *at = der == NULL ? NULL : ASN1_STRING_get0_data(der);
	long length;
	int class;

	if (der == NULL ||
	    (ASN1_get_object(&at, &length, tag_r, &class, ASN1_STRING_length(der)) & 0x80) != 0)
		return false;
	*octets_r = (struct octets){at, (size_t)length};
	return true;
}

/* IssuerAndSerialNumber, without its own header. */
static bool
has_issuer_and_serial(X509 *certificate, struct octets named)
{
	unsigned char *issuer = NULL, *serial = NULL;
	int issuer_length = i2d_X509_NAME(X509_get_issuer_name(certificate), &issuer);
	int serial_length = i2d_ASN1_INTEGER(X509_get_serialNumber(certificate), &serial);
	bool has = issuer_length > 0 && serial_length > 0 &&
		   named.length == (size_t)issuer_length + (size_t)serial_length &&
		   memcmp(named.at, issuer, (size_t)issuer_length) == 0 &&
		   memcmp(named.at + issuer_length, serial, (size_t)serial_length) == 0;

	OPENSSL_free(issuer);
	OPENSSL_free(serial);
	return has;
}

/* As the beginning of RecipientKeyIdentifier, or alone. */
static bool
has_key_identifier(X509 *certificate, struct octets named, bool is_alone)
{
	const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(certificate);
	const unsigned char *at = named.at;
	long length = (long)named.length;
	int tag, class;

	if (own == NULL ||
	    (!is_alone &&
	     ((ASN1_get_object(&at, &length, &tag, &class, (long)named.length) & 0x80) != 0 ||
	      tag != V_ASN1_OCTET_STRING)))
		return false;
	return length == ASN1_STRING_length(own) &&
	       memcmp(at, ASN1_STRING_get0_data(own), (size_t)length) == 0;
}

/* SMIMEEncryptionKeyPreference is a choice of three; Microsoft's has the first alone. */
static bool
is_named(X509 *certificate, struct octets named, int tag)
{
	switch (tag) {
	case 0:
	case V_ASN1_SEQUENCE:
		return has_issuer_and_serial(certificate, named);
	case 1:
		return has_key_identifier(certificate, named, false);
	case 2:
		return has_key_identifier(certificate, named, true);
	default:
		return false;
	}
}

static X509 *
preferred(CMS_SignerInfo *signer, STACK_OF(X509) * others)
{
	static const char *const oids[] = {"1.2.840.113549.1.9.16.2.11", "1.3.6.1.4.1.311.16.4"};

	for (size_t i = 0; i < G_N_ELEMENTS(oids); i++) {
		const ASN1_TYPE *value = attribute_of(signer, oids[i]);
		struct octets named;
		int tag;

		if (value == NULL || !open_value(value, &named, &tag))
			continue;
		for (int j = 0; j < sk_X509_num(others); j++)
			if (is_named(sk_X509_value(others, j), named, tag))
				return sk_X509_value(others, j);
	}
	return NULL;
}

/* --- the choice --- */

static bool
may_be_used(X509 *certificate, const char *address)
{
	g_autoptr(GPtrArray) addresses = certificate_addresses(certificate);
	g_autofree char *cannot_encrypt = NULL, *cannot_sign = NULL;

	certificate_uses(certificate, &cannot_encrypt, &cannot_sign);
	return cannot_encrypt == NULL &&
	       g_ptr_array_find_with_equal_func(addresses, address, g_str_equal, NULL);
}

static X509 *
choose(CMS_SignerInfo *signer, X509 *certificate, STACK_OF(X509) * others, const char *address)
{
	X509 *named = preferred(signer, others);

	if (named != NULL && may_be_used(named, address))
		return named;
	if (may_be_used(certificate, address))
		return certificate;
	for (int i = 0; i < sk_X509_num(others); i++)
		if (may_be_used(sk_X509_value(others, i), address))
			return sk_X509_value(others, i);
	return NULL;
}

static void
read_capabilities(CMS_SignerInfo *signer, struct mailed_key *mailed)
{
	const ASN1_TYPE *value = attribute_of(signer, "1.2.840.113549.1.9.15");

	if (value != NULL && value->type == V_ASN1_SEQUENCE)
		certificate_announced(value->value.sequence, &mailed->gcm, &mailed->oaep);
}

/* The authorities between the certificate and the root; so many, and so large, as is written down.
 */
static GPtrArray *
between(STACK_OF(X509) * chain)
{
	GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

	for (int i = 1; i + 1 < sk_X509_num(chain) && i <= MAILED_CHAIN_MAX; i++) {
		g_autoptr(GBytes) der = certificate_der(sk_X509_value(chain, i));

		if (g_bytes_get_size(der) <= MAILED_BYTES_MAX)
			g_ptr_array_add(list, g_steal_pointer(&der));
	}
	return list;
}

bool
announced_find(CMS_SignerInfo *signer, X509 *certificate, STACK_OF(X509) * others,
	       const struct delivery_context *delivery, struct mailed_key **mailed_r,
	       struct fault *fault)
{
	g_auto(vouching_auto) vouching = {0};
	g_autoptr(GBytes) der = NULL;
	X509 *chosen = NULL;

	*mailed_r = NULL;
	if (carried_are_wanted(delivery))
		chosen = choose(signer, certificate, others, delivery->from);
	if (chosen == NULL)
		return true;
	if (!keystore_vouches(delivery->keystore, chosen, others, &vouching, fault))
		return false;
	der = certificate_der(chosen);
	if (vouching.why != NULL || g_bytes_get_size(der) > MAILED_BYTES_MAX)
		return true;
	*mailed_r = mailed_key_new(KEY_SMIME, delivery->from, "signed mail");
	(*mailed_r)->content = g_steal_pointer(&der);
	(*mailed_r)->chain = between(vouching.chain);
	(*mailed_r)->dated_at = carried_at(delivery->message);
	read_capabilities(signer, *mailed_r);
	return true;
}
