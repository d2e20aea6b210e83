#include "keystore/keeper/profile.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <string.h>

#include "core/address.h"
#include "keystore/certificate.h"

enum {
	VERSION_3 = 2, /* as encoded: RFC 5280 §4.1.2.1 */
	CRL_VERSION_2 = 1,
	COMMON_NAME_MAX = 64, /* RFC 5280, ub-common-name */
	CLOCKS_DIFFER_SECONDS = 300,
	EC_BITS_STRONG = 384,
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_NAME, X509_NAME_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_EXTENSION, X509_EXTENSION_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ASN1_INTEGER, ASN1_INTEGER_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ASN1_TIME, ASN1_TIME_free)

/* OpenSSL's own reason for a failure; its queue is empty afterwards. */
static bool
openssl_fault(struct fault *fault, const char *doing)
{
	unsigned long error = ERR_peek_last_error();
	const char *why = error == 0 ? NULL : ERR_reason_error_string(error);

	ERR_clear_error();
	return fault_set(fault, FAULT_CRYPTO, "%s: %s", doing,
			 why == NULL ? "OpenSSL says no more" : why);
}

/* --- keys --- */

EVP_PKEY *
profile_make_key(const char *algorithm, struct fault *fault)
{
	EVP_PKEY *key = NULL;

	if (strcmp(algorithm, "rsa-3072") == 0)
		key = EVP_RSA_gen(3072);
	else if (strcmp(algorithm, "rsa-4096") == 0)
		key = EVP_RSA_gen(4096);
	else if (strcmp(algorithm, "p-256") == 0)
		key = EVP_EC_gen("P-256");
	else if (strcmp(algorithm, "p-384") == 0)
		key = EVP_EC_gen("P-384");
	else
		fault_set(fault, FAULT_INPUT,
			  "making a key: %s is not one of rsa-3072, rsa-4096, p-256 and p-384",
			  algorithm);
	if (key == NULL && ERR_peek_error() != 0)
		openssl_fault(fault, "making a key");
	return key;
}

static bool
is_strong_ec(const EVP_PKEY *key)
{
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_bits(key) >= EC_BITS_STRONG;
}

const char *
profile_algorithm_beside(const EVP_PKEY *authority)
{
	if (is_strong_ec(authority))
		return "p-384";
	return EVP_PKEY_get_base_id(authority) == EVP_PKEY_EC ? "p-256" : "rsa-3072";
}

/* Baseline Requirements, section 7.1.3.2. */
static const EVP_MD *
digest_for(const EVP_PKEY *key)
{
	return is_strong_ec(key) ? EVP_sha384() : EVP_sha256();
}

/* --- parts of a certificate --- */

static bool
add_name(X509_NAME *name, int nid, const char *text)
{
	return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, (const unsigned char *)text, -1,
					  -1, 0) == 1;
}

static X509_NAME *
authority_name(const struct profile_authority *about)
{
	g_autoptr(X509_NAME) name = X509_NAME_new();

	return add_name(name, NID_organizationName, about->organisation) &&
			       add_name(name, NID_commonName, about->name)
		       ? g_steal_pointer(&name)
		       : NULL;
}

/* 127 random bits: never negative, and never 0 (RFC 5280 §4.1.2.2). */
static bool
set_serial(X509 *certificate)
{
	unsigned char bytes[PROFILE_SERIAL_BYTES];
	BIGNUM *number;
	bool set;

	randombytes_buf(bytes, sizeof bytes);
	bytes[0] = (unsigned char)((bytes[0] & 0x3f) | 0x40);
	number = BN_bin2bn(bytes, sizeof bytes, NULL);
	set = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return set;
}

/* `until` is excluded; a certificate names the last second (RFC 5280 §4.1.2.5). */
static bool
set_validity(X509 *certificate, time_t from, time_t until)
{
	return ASN1_TIME_set(X509_getm_notBefore(certificate), from) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(certificate), until - 1) != NULL;
}

/* As in OpenSSL's configuration files; `value` has no text from outside. */
static X509_EXTENSION *
extension(X509 *subject, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, subject, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&context);
	return X509V3_EXT_conf_nid(NULL, &context, nid, value);
}

static bool
add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	g_autoptr(X509_EXTENSION) added = extension(certificate, issuer, nid, value);

	return added != NULL && X509_add_ext(certificate, added, -1) == 1;
}

/* "critical,permitted;email:example.com,…"; caller frees. Domains are canonical, without commas. */
static char *
constraints(char *const *domains)
{
	GString *text = g_string_new("critical");

	for (; *domains != NULL; domains++)
		g_string_append_printf(text, ",permitted;email:%s", *domains);
	return g_string_free(text, FALSE);
}

static bool
sign(X509 *certificate, EVP_PKEY *key)
{
	return X509_sign(certificate, key, digest_for(key)) > 0;
}

/* --- the authority itself --- */

static const struct {
	int nid;
	const char *value;
} of_authority[] = {
	{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
	{NID_key_usage, "critical,keyCertSign,cRLSign"},
	{NID_ext_key_usage, "emailProtection"},
};

X509 *
profile_root(EVP_PKEY *key, const struct profile_authority *about, struct fault *fault)
{
	g_autoptr(X509) root = X509_new();
	g_autoptr(X509_NAME) name = authority_name(about);
	g_autofree char *names = constraints(about->domains);
	bool made = name != NULL && X509_set_version(root, VERSION_3) == 1 && set_serial(root) &&
		    set_validity(root, about->from, about->until) &&
		    X509_set_subject_name(root, name) == 1 &&
		    X509_set_issuer_name(root, name) == 1 && X509_set_pubkey(root, key) == 1 &&
		    add_extension(root, root, NID_subject_key_identifier, "hash") &&
		    add_extension(root, root, NID_name_constraints, names);

	for (size_t i = 0; i < G_N_ELEMENTS(of_authority) && made; i++)
		made = add_extension(root, root, of_authority[i].nid, of_authority[i].value);
	if (made && sign(root, key))
		return g_steal_pointer(&root);
	openssl_fault(fault, "making the certificate of the authority");
	return NULL;
}

static bool
push_extension(STACK_OF(X509_EXTENSION) * all, int nid, const char *value)
{
	X509_EXTENSION *pushed = extension(NULL, NULL, nid, value);

	return pushed != NULL && sk_X509_EXTENSION_push(all, pushed) > 0;
}

X509_REQ *
profile_request(EVP_PKEY *key, const struct profile_authority *about, struct fault *fault)
{
	g_autoptr(X509_REQ) request = X509_REQ_new();
	g_autoptr(X509_NAME) name = authority_name(about);
	g_autofree char *names = constraints(about->domains);
	STACK_OF(X509_EXTENSION) *all = sk_X509_EXTENSION_new_null();
	bool made = name != NULL && X509_REQ_set_version(request, 0) == 1 &&
		    X509_REQ_set_subject_name(request, name) == 1 &&
		    X509_REQ_set_pubkey(request, key) == 1 &&
		    push_extension(all, NID_name_constraints, names);

	for (size_t i = 0; i < G_N_ELEMENTS(of_authority) && made; i++)
		made = push_extension(all, of_authority[i].nid, of_authority[i].value);
	made = made && X509_REQ_add_extensions(request, all) == 1 &&
	       X509_REQ_sign(request, key, digest_for(key)) > 0;
	sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
	if (made)
		return g_steal_pointer(&request);
	openssl_fault(fault, "making the request of the authority");
	return NULL;
}

/* --- employees --- */

static ASN1_STRING *
string_of(int type, const char *text)
{
	ASN1_STRING *string = ASN1_STRING_type_new(type);

	ASN1_STRING_set(string, text, -1);
	return string;
}

/* rfc822Name, or SmtpUTF8Mailbox where the local part is not in ASCII (RFC 9598 §3). */
static GENERAL_NAME *
mailbox_name(const char *address)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_TYPE *value;

	if (g_str_is_ascii(address)) {
		GENERAL_NAME_set0_value(name, GEN_EMAIL, string_of(V_ASN1_IA5STRING, address));
		return name;
	}
	value = ASN1_TYPE_new();
	ASN1_TYPE_set(value, V_ASN1_UTF8STRING, string_of(V_ASN1_UTF8STRING, address));
	GENERAL_NAME_set0_othername(name, OBJ_nid2obj(NID_id_on_SmtpUTF8Mailbox), value);
	return name;
}

/* The address, if there is room for it (Baseline Requirements, section 7.1.4.2.2), or else empty.
 */
static X509_NAME *
subject_of(const char *address)
{
	g_autoptr(X509_NAME) subject = X509_NAME_new();
	bool fits = g_utf8_strlen(address, -1) <= COMMON_NAME_MAX;

	return !fits || add_name(subject, NID_commonName, address) ? g_steal_pointer(&subject)
								   : NULL;
}

static GENERAL_NAMES *
names_of(const char *address)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();

	sk_GENERAL_NAME_push(names, mailbox_name(address));
	return names;
}

/* The alternative name is critical where the subject is empty (RFC 5280 §4.2.1.6). */
static bool
set_mailbox(X509 *certificate, const char *address)
{
	g_autoptr(X509_NAME) subject = subject_of(address);
	GENERAL_NAMES *names = names_of(address);
	bool set = subject != NULL && X509_set_subject_name(certificate, subject) == 1 &&
		   X509_add1_ext_i2d(certificate, NID_subject_alt_name, names,
				     X509_NAME_entry_count(subject) == 0, X509V3_ADD_APPEND) == 1;

	GENERAL_NAMES_free(names);
	return set;
}

X509_REQ *
profile_employee_request(EVP_PKEY *key, const char *address, struct fault *fault)
{
	g_autoptr(X509_REQ) request = X509_REQ_new();
	g_autoptr(X509_NAME) subject = subject_of(address);
	GENERAL_NAMES *names = names_of(address);
	STACK_OF(X509_EXTENSION) *all = NULL;
	bool made = subject != NULL && X509_REQ_set_version(request, 0) == 1 &&
		    X509_REQ_set_subject_name(request, subject) == 1 &&
		    X509_REQ_set_pubkey(request, key) == 1 &&
		    X509V3_add1_i2d(&all, NID_subject_alt_name, names,
				    X509_NAME_entry_count(subject) == 0, X509V3_ADD_APPEND) == 1 &&
		    X509_REQ_add_extensions(request, all) == 1 &&
		    X509_REQ_sign(request, key, digest_for(key)) > 0;

	GENERAL_NAMES_free(names);
	sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
	if (made)
		return g_steal_pointer(&request);
	openssl_fault(fault, "making the request of an employee");
	return NULL;
}

static bool
add_places(X509 *certificate, const struct profile_issuer *issuer)
{
	g_autofree char *crl = g_strconcat("URI:", issuer->crl_url, NULL);
	g_autofree char *above = g_strconcat("caIssuers;URI:", issuer->certificate_url, NULL);

	return add_extension(certificate, issuer->certificate, NID_crl_distribution_points, crl) &&
	       add_extension(certificate, issuer->certificate, NID_info_access, above);
}

/* Those for which the authority itself was certified, or else none: the Baseline Requirements' own
 * (section 7.1.6.1) say that they are met as a whole, audits included, which is for the authority
 * above to say. */
static bool
add_policies(X509 *certificate, X509 *issuer)
{
	CERTIFICATEPOLICIES *theirs =
		X509_get_ext_d2i(issuer, NID_certificate_policies, NULL, NULL);
	CERTIFICATEPOLICIES *policies = CERTIFICATEPOLICIES_new();
	bool added;

	for (int i = 0; i < sk_POLICYINFO_num(theirs); i++) {
		const ASN1_OBJECT *id = sk_POLICYINFO_value(theirs, i)->policyid;
		POLICYINFO *info;

		if (OBJ_obj2nid(id) == NID_any_policy)
			continue;
		info = POLICYINFO_new();
		ASN1_OBJECT_free(info->policyid);
		info->policyid = OBJ_dup(id);
		sk_POLICYINFO_push(policies, info);
	}
	added = sk_POLICYINFO_num(policies) == 0 ||
		X509_add1_ext_i2d(certificate, NID_certificate_policies, policies, 0,
				  X509V3_ADD_APPEND) == 1;
	CERTIFICATEPOLICIES_free(theirs);
	CERTIFICATEPOLICIES_free(policies);
	return added;
}

static bool
add_uses(X509 *certificate, X509 *issuer)
{
	bool is_ec = EVP_PKEY_get_base_id(X509_get0_pubkey(certificate)) == EVP_PKEY_EC;

	return add_extension(certificate, issuer, NID_key_usage,
			     is_ec ? "critical,digitalSignature,keyAgreement"
				   : "critical,digitalSignature,keyEncipherment") &&
	       add_extension(certificate, issuer, NID_ext_key_usage, "emailProtection") &&
	       add_policies(certificate, issuer) &&
	       add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
	       add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
}

/* A correspondent would reject what the authority may not issue: so it is not handed out. */
static bool
obeys_constraints(X509 *certificate, X509 *issuer, const char *address, struct fault *fault)
{
	return certificate_obeys(certificate, issuer) ||
	       fault_set(fault, FAULT_REFUSED,
			 "issuing a certificate for %s: the authority's name constraints exclude "
			 "it (RFC 5280 §4.2.1.10); the domain may be newer than the authority",
			 address);
}

X509 *
profile_employee(const struct profile_issuer *issuer, EVP_PKEY *public_key, const char *address,
		 time_t until, struct fault *fault)
{
	g_autoptr(X509) certificate = X509_new();
	time_t now = time(NULL);
	/* Included, so that the authority's last second is the latest. */
	time_t end = certificate_time(X509_get0_notAfter(issuer->certificate)) + 1;
	time_t begin = certificate_time(X509_get0_notBefore(issuer->certificate));

	if (MIN(until, end) <= now) {
		fault_set(fault, FAULT_CONFIG,
			  "issuing a certificate for %s: the authority has expired", address);
		return NULL;
	}
	if (X509_set_version(certificate, VERSION_3) != 1 || !set_serial(certificate) ||
	    !set_validity(certificate, MAX(begin, now - CLOCKS_DIFFER_SECONDS), MIN(until, end)) ||
	    X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate)) != 1 ||
	    X509_set_pubkey(certificate, public_key) != 1 || !set_mailbox(certificate, address) ||
	    !add_uses(certificate, issuer->certificate) || !add_places(certificate, issuer)) {
		openssl_fault(fault, "making the certificate of an employee");
		return NULL;
	}
	if (!sign(certificate, issuer->key)) {
		openssl_fault(fault, "signing the certificate of an employee");
		return NULL;
	}
	return obeys_constraints(certificate, issuer->certificate, address, fault)
		       ? g_steal_pointer(&certificate)
		       : NULL;
}

/* --- revocation lists --- */

/* An entry without a reason means the same as `unspecified`, which is not written (RFC 5280
 * §5.3.1). */
static bool
add_revoked(X509_CRL *crl, const struct profile_revoked *revoked)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
	g_autoptr(ASN1_TIME) at = ASN1_TIME_set(NULL, revoked->at);
	bool made = at != NULL && ASN1_ENUMERATED_set(reason, revoked->reason) == 1 &&
		    X509_REVOKED_set_serialNumber(entry, revoked->serial) == 1 &&
		    X509_REVOKED_set_revocationDate(entry, at) == 1 &&
		    (revoked->reason == CRL_REASON_UNSPECIFIED ||
		     X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1);

	ASN1_ENUMERATED_free(reason);
	if (made && X509_CRL_add0_revoked(crl, entry) == 1)
		return true;
	X509_REVOKED_free(entry);
	return false;
}

static bool
add_key_identifier(X509_CRL *crl, X509 *issuer)
{
	X509V3_CTX context;
	g_autoptr(X509_EXTENSION) added = NULL;

	X509V3_set_ctx(&context, issuer, NULL, NULL, crl, 0);
	X509V3_set_ctx_nodb(&context);
	added = X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
	return added != NULL && X509_CRL_add_ext(crl, added, -1) == 1;
}

static bool
begin_crl(X509_CRL *crl, X509 *issuer, int64_t number, time_t now, time_t next)
{
	g_autoptr(ASN1_TIME) this_update = ASN1_TIME_set(NULL, now);
	g_autoptr(ASN1_TIME) next_update = ASN1_TIME_set(NULL, next);
	g_autoptr(ASN1_INTEGER) count = ASN1_INTEGER_new();

	return this_update != NULL && next_update != NULL &&
	       ASN1_INTEGER_set_int64(count, number) == 1 &&
	       X509_CRL_set_version(crl, CRL_VERSION_2) == 1 &&
	       X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) == 1 &&
	       X509_CRL_set1_lastUpdate(crl, this_update) == 1 &&
	       X509_CRL_set1_nextUpdate(crl, next_update) == 1 && add_key_identifier(crl, issuer) &&
	       X509_CRL_add1_ext_i2d(crl, NID_crl_number, count, 0, 0) == 1;
}

X509_CRL *
profile_crl(const struct profile_issuer *issuer, const GArray *revoked, int64_t number, time_t now,
	    time_t next, struct fault *fault)
{
	g_autoptr(X509_CRL) crl = X509_CRL_new();
	bool made = begin_crl(crl, issuer->certificate, number, now, next);

	for (guint i = 0; i < revoked->len && made; i++)
		made = add_revoked(crl, &g_array_index(revoked, struct profile_revoked, i));
	if (made && X509_CRL_sort(crl) == 1 &&
	    X509_CRL_sign(crl, issuer->key, digest_for(issuer->key)) > 0)
		return g_steal_pointer(&crl);
	openssl_fault(fault, "making a revocation list");
	return NULL;
}
