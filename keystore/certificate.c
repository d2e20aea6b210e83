#include "keystore/certificate.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "core/address.h"

enum { RSA_BITS_MIN = 2048, EC_BITS_MIN = 224 };

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

char *
certificate_owner(X509 *certificate)
{
	BIO *memory = BIO_new(BIO_s_mem());
	char *text, *owner;
	long length;

	X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0,
			   XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
	length = BIO_get_mem_data(memory, &text);
	owner = g_strndup(text, (gsize)length);
	BIO_free(memory);
	return owner;
}

static void
add_address(GPtrArray *addresses, const ASN1_STRING *string)
{
	g_autofree char *text = g_strndup((const char *)ASN1_STRING_get0_data(string),
					  (gsize)ASN1_STRING_length(string));
	g_autofree char *folded = NULL;

	/* A NUL within would make a longer address look like a shorter one. */
	if (strlen(text) != (size_t)ASN1_STRING_length(string) || !address_is_valid(text) ||
	    !g_utf8_validate(text, -1, NULL))
		return;
	folded = address_fold(text);
	for (guint i = 0; i < addresses->len; i++)
		if (strcmp(g_ptr_array_index(addresses, i), folded) == 0)
			return;
	g_ptr_array_add(addresses, g_steal_pointer(&folded));
}

static void
add_alternative_names(GPtrArray *addresses, X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_EMAIL)
			add_address(addresses, name->d.rfc822Name);
		else if (name->type == GEN_OTHERNAME &&
			 OBJ_obj2nid(name->d.otherName->type_id) == NID_id_on_SmtpUTF8Mailbox &&
			 name->d.otherName->value->type == V_ASN1_UTF8STRING)
			add_address(addresses, name->d.otherName->value->value.utf8string);
	}
	GENERAL_NAMES_free(names);
}

GPtrArray *
certificate_addresses(X509 *certificate)
{
	GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = -1;

	add_alternative_names(addresses, certificate);
	while ((at = X509_NAME_get_index_by_NID((X509_NAME *)subject, NID_pkcs9_emailAddress, at)) >= 0)
		add_address(addresses, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	return addresses;
}

static char *
weak_key(X509 *certificate)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	int bits = key == NULL ? 0 : EVP_PKEY_get_bits(key);

	if (key == NULL)
		return g_strdup("its public key cannot be read");
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		return bits >= RSA_BITS_MIN ? NULL
					    : g_strdup_printf("RSA with %d bits is too weak", bits);
	case EVP_PKEY_EC:
		return bits >= EC_BITS_MIN ? NULL : g_strdup_printf("EC with %d bits is too weak", bits);
	default:
		return g_strdup_printf("its key type %s cannot be used for S/MIME",
				       EVP_PKEY_get0_type_name(key));
	}
}

static char *
weak_signature(X509 *certificate)
{
	int digest = NID_undef;

	if (X509_get_signature_info(certificate, &digest, NULL, NULL, NULL) != 1)
		return g_strdup("its signature algorithm is not known");
	if (digest == NID_md5 || digest == NID_sha1 || digest == NID_md2 || digest == NID_md4)
		return g_strdup_printf("signed with %s, which is broken", OBJ_nid2sn(digest));
	return NULL;
}

char *
certificate_problem(X509 *certificate)
{
	char *problem = weak_key(certificate);

	if (problem == NULL)
		problem = weak_signature(certificate);
	if (problem == NULL && X509_check_purpose(certificate, X509_PURPOSE_SMIME_ENCRYPT, 0) != 1)
		problem = g_strdup("its key usage does not allow encryption of mail");
	return problem;
}

/* Each capability is a SEQUENCE that begins with its OID: looking for the encoded OID is
 * all that is needed to know what is announced. */
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
certificate_capabilities(X509 *certificate, bool *gcm_r, bool *oaep_r)
{
	int at = X509_get_ext_by_NID(certificate, NID_SMIMECapabilities, -1);
	const ASN1_OCTET_STRING *value;

	*gcm_r = *oaep_r = false;
	if (at < 0)
		return;
	value = X509_EXTENSION_get_data(X509_get_ext(certificate, at));
	*gcm_r = announces(value, NID_aes_256_gcm);
	*oaep_r = announces(value, NID_rsaesOaep);
}

time_t
certificate_time(const ASN1_TIME *time)
{
	struct tm parts;

	return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}
