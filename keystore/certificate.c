#include "keystore/certificate.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "core/address.h"

enum { RSA_BITS_MIN = 2048, EC_BITS_MIN = 224 };

X509 *
certificate_in_row(const PGresult *result, int row, int column)
{
	size_t length = 0;
	g_autofree unsigned char *der = PQgetisnull(result, row, column)
						? NULL
						: result_bytes(result, row, column, &length);
	const unsigned char *at = der;

	return der == NULL ? NULL : d2i_X509(NULL, &at, (long)length);
}

char *
certificate_fingerprint(X509 *certificate)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	GString *text = g_string_new(NULL);

	X509_digest(certificate, EVP_sha256(), digest, &length);
	for (unsigned i = 0; i < length; i++)
		g_string_append_printf(text, "%02x", digest[i]);
	return g_string_free(text, FALSE);
}

GBytes *
certificate_der(X509 *certificate)
{
	unsigned char *der = NULL;
	int length = i2d_X509(certificate, &der);
	GBytes *bytes = g_bytes_new(der, (gsize)MAX(length, 0));

	OPENSSL_free(der);
	return bytes;
}

char *
certificate_owner(X509 *certificate)
{
	BIO *memory = BIO_new(BIO_s_mem());
	char *text, *owner;
	long length;

	X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0,
			   XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
	length = BIO_get_mem_data(memory, &text);
	owner = length > 0 ? g_strndup(text, (gsize)length) : g_strdup("");
	BIO_free(memory);
	return owner;
}

/* `seen`: a set of the same strings, since a certificate can have tens of thousands. */
static void
add_address(GPtrArray *addresses, GHashTable *seen, const ASN1_STRING *string)
{
	g_autofree char *text = g_strndup((const char *)ASN1_STRING_get0_data(string),
					  (gsize)ASN1_STRING_length(string));
	g_autofree char *folded = NULL;

	/* An embedded NUL would make a longer address look like a shorter one. */
	if (strlen(text) != (size_t)ASN1_STRING_length(string) || !address_is_valid(text) ||
	    !g_utf8_validate(text, -1, NULL))
		return;
	folded = address_fold(text);
	if (g_hash_table_contains(seen, folded))
		return;
	g_hash_table_add(seen, folded);
	g_ptr_array_add(addresses, g_steal_pointer(&folded));
}

static void
add_alternative_names(GPtrArray *addresses, GHashTable *seen, X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_EMAIL)
			add_address(addresses, seen, name->d.rfc822Name);
		else if (name->type == GEN_OTHERNAME &&
			 OBJ_obj2nid(name->d.otherName->type_id) == NID_id_on_SmtpUTF8Mailbox &&
			 name->d.otherName->value->type == V_ASN1_UTF8STRING)
			add_address(addresses, seen, name->d.otherName->value->value.utf8string);
	}
	GENERAL_NAMES_free(names);
}

GPtrArray *
certificate_addresses(X509 *certificate)
{
	GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = -1;

	add_alternative_names(addresses, seen, certificate);
	while ((at = X509_NAME_get_index_by_NID((X509_NAME *)subject, NID_pkcs9_emailAddress,
						at)) >= 0)
		add_address(addresses, seen,
			    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	return addresses;
}

/* --- what it may be used for (RFC 8550 §4) --- */

static char *
weak_key(const EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		return bits >= RSA_BITS_MIN
			       ? NULL
			       : g_strdup_printf("RSA with %d bits is too weak (RFC 8551 §4.4)",
						 bits);
	case EVP_PKEY_EC:
		return bits >= EC_BITS_MIN
			       ? NULL
			       : g_strdup_printf("EC with %d bits is too weak (RFC 5753 §9)", bits);
	default:
		return NULL;
	}
}

static char *
weak_signature(X509 *certificate)
{
	int digest = NID_undef;

	/* An algorithm with a built-in digest, such as Ed25519, does not name one. */
	if (X509_get_signature_info(certificate, &digest, NULL, NULL, NULL) != 1)
		return g_strdup("its signature algorithm is unknown (RFC 8550 §4.3)");
	if (digest == NID_md5 || digest == NID_sha1 || digest == NID_md2 || digest == NID_md4)
		return g_strdup_printf("signed with %s, which is broken (RFC 8550 §4.3)",
				       OBJ_nid2sn(digest));
	return NULL;
}

static char *
bad_extensions(X509 *certificate)
{
	uint32_t flags = X509_get_extension_flags(certificate);

	if ((flags & EXFLAG_INVALID) != 0)
		return g_strdup("one of its extensions is malformed (RFC 5280 §4.2)");
	if ((flags & EXFLAG_CRITICAL) != 0)
		return g_strdup("it has a critical extension that is unknown here (RFC 5280 §4.2)");
	return NULL;
}

bool
certificate_allows_mail(X509 *certificate)
{
	EXTENDED_KEY_USAGE *purposes = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	bool allowed =
		purposes == NULL && X509_get_ext_by_NID(certificate, NID_ext_key_usage, -1) < 0;

	for (int i = 0; i < sk_ASN1_OBJECT_num(purposes) && !allowed; i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(purposes, i));

		allowed = nid == NID_email_protect || nid == NID_anyExtendedKeyUsage;
	}
	sk_ASN1_OBJECT_pop_free(purposes, ASN1_OBJECT_free);
	return allowed;
}

/* Why the certificate cannot be used at all. */
static char *
general_problem(X509 *certificate)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	char *problem;

	if (key == NULL)
		return g_strdup("its public key cannot be read (RFC 5280 §4.1.2.7)");
	problem = weak_key(key);
	if (problem == NULL)
		problem = weak_signature(certificate);
	if (problem == NULL)
		problem = bad_extensions(certificate);
	if (problem == NULL && !certificate_allows_mail(certificate))
		problem =
			g_strdup("its extended key usage does not include mail (RFC 8550 §4.4.4)");
	return problem;
}

static char *
encryption_problem(X509 *certificate)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);
	uint32_t usage =
		X509_get_key_usage(certificate); /* all bits set: there is no such extension */

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		return (usage & KU_KEY_ENCIPHERMENT) != 0
			       ? NULL
			       : g_strdup("its key usage lacks keyEncipherment (RFC 8550 §4.4.2)");
	case EVP_PKEY_EC:
		/* encipherOnly would leave its owner no way to decipher (RFC 5280 §4.2.1.3). */
		if ((usage & KU_KEY_AGREEMENT) == 0)
			return g_strdup(
				"its key usage lacks keyAgreement (RFC 5480 §3, RFC 8813 §3)");
		return usage == UINT32_MAX || (usage & KU_ENCIPHER_ONLY) == 0
			       ? NULL
			       : g_strdup("its key usage is encipherOnly (RFC 5280 §4.2.1.3)");
	case EVP_PKEY_RSA_PSS:
		return g_strdup("an RSASSA-PSS key is for signatures only (RFC 4055 §1.2)");
	default:
		return g_strdup_printf(
			"mail cannot be encrypted to a key of type %s (RFC 8551 §2.3)",
			EVP_PKEY_get0_type_name(key));
	}
}

static char *
signing_problem(X509 *certificate)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);
	int type = EVP_PKEY_get_base_id(key);

	if ((X509_get_key_usage(certificate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
		return g_strdup("its key usage lacks digitalSignature (RFC 8550 §4.4.2)");
	if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC)
		return g_strdup_printf(
			"Postseal does not sign with keys of type %s (RFC 8551 §2.2)",
			EVP_PKEY_get0_type_name(key));
	return NULL;
}

void
certificate_uses(X509 *certificate, char **cannot_encrypt_r, char **cannot_sign_r)
{
	char *general = general_problem(certificate);

	*cannot_encrypt_r = general != NULL ? g_strdup(general) : encryption_problem(certificate);
	*cannot_sign_r = general != NULL ? g_strdup(general) : signing_problem(certificate);
	g_free(general);
}

/* Each capability is a SEQUENCE that begins with its OID, so looking for the encoded OID is enough
 * to know what is announced. */
static bool
announces(const ASN1_OCTET_STRING *capabilities, int nid)
{
	unsigned char *encoded = NULL;
	int length = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &encoded);
	bool found = length > 0 && memmem(ASN1_STRING_get0_data(capabilities),
					  (size_t)ASN1_STRING_length(capabilities), encoded,
					  (size_t)length) != NULL;

	OPENSSL_free(encoded);
	return found;
}

void
certificate_announced(const ASN1_STRING *capabilities, bool *gcm_r, bool *oaep_r)
{
	*gcm_r = announces(capabilities, NID_aes_256_gcm);
	*oaep_r = announces(capabilities, NID_rsaesOaep);
}

/* OpenSSL compares the names that it has read before: without that, there are none. */
bool
certificate_obeys(X509 *certificate, X509 *issuer)
{
	NAME_CONSTRAINTS *limits = X509_get_ext_d2i(issuer, NID_name_constraints, NULL, NULL);
	bool obeys = limits == NULL || (X509_check_purpose(certificate, -1, 0) == 1 &&
					NAME_CONSTRAINTS_check(certificate, limits) == X509_V_OK);

	NAME_CONSTRAINTS_free(limits);
	return obeys;
}

void
certificate_capabilities(X509 *certificate, bool *gcm_r, bool *oaep_r)
{
	int at = X509_get_ext_by_NID(certificate, NID_SMIMECapabilities, -1);

	*gcm_r = *oaep_r = false;
	if (at >= 0)
		certificate_announced(X509_EXTENSION_get_data(X509_get_ext(certificate, at)), gcm_r,
				      oaep_r);
}

time_t
certificate_time(const ASN1_TIME *time)
{
	struct tm parts;

	time_t seconds = ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;

	return seconds == 0 ? 1 : seconds;
}
