#include "admin/ca_answer.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "keystore/certificate.h"
#include "keystore/reading.h"

enum { NAME_MAX_BYTES = 256 };

static const struct statement ca_above = {
	"ca_above", "select content, role = 'root' from postseal.key "
		    "where kind = 'smime' and role in ('root', 'intermediate')"};

void
ca_answer_clear(struct ca_answer *answer)
{
	sk_X509_pop_free(answer->all, X509_free);
	sk_X509_pop_free(answer->chain, X509_free);
	answer->all = answer->chain = NULL;
}

/* --- the file --- */

static void
push_der(STACK_OF(X509) * all, GBytes *der)
{
	gsize length;
	const unsigned char *at = g_bytes_get_data(der, &length);
	X509 *certificate = d2i_X509(NULL, &at, (long)length);

	if (certificate != NULL)
		sk_X509_push(all, certificate);
}

bool
ca_answer_read(struct ca_answer *answer_r, const struct settings *settings, const char *path,
	       const void *bytes, size_t length, struct fault *fault)
{
	/* An answer has no private key in it, and so needs no password. */
	const struct reading_settings how = {.gpg_program = settings->gpg_program,
					     .is_foreign = true};
	struct reading reading = {0};

	*answer_r = (struct ca_answer){.path = path, .all = sk_X509_new_null()};
	if (!reading_take(&reading, &how, path, bytes, length, fault))
		return false;
	for (guint i = 0; i < reading.keys->len; i++) {
		const struct key_facts *facts = g_ptr_array_index(reading.keys, i);

		if (facts->kind == KEY_SMIME)
			push_der(answer_r->all, facts->content);
	}
	reading_clear(&reading);
	return true;
}

X509 *
ca_answer_for(const struct ca_answer *answer, const EVP_PKEY *public_key)
{
	for (int i = 0; i < sk_X509_num(answer->all); i++) {
		X509 *certificate = sk_X509_value(answer->all, i);
		EVP_PKEY *theirs = X509_get0_pubkey(certificate);

		if (theirs != NULL && EVP_PKEY_eq(theirs, public_key) == 1)
			return certificate;
	}
	return NULL;
}

/* --- the chain --- */

static struct authorities *
load_authorities(const struct admin *admin, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;
	struct authorities *authorities;

	if (!command_ask(admin, &ca_above, (const char *const[]){NULL}, &result, fault))
		return NULL;
	authorities = authorities_new();
	for (int row = 0; row < PQntuples(result); row++) {
		g_autoptr(X509) certificate = certificate_in_row(result, row, 0);

		if (certificate != NULL && result_flag(result, row, 1))
			authorities_add_root(authorities, certificate, TRUST_ORGANISATION,
					     REVOCATION_OFF);
		else if (certificate != NULL)
			authorities_add_intermediate(authorities, certificate);
	}
	return authorities;
}

/* The certificate of the chain that is not valid now. */
static bool
tell_time(const struct ca_answer *answer, struct fault *fault)
{
	time_t now = time(NULL);

	for (int i = 0; i < sk_X509_num(answer->chain); i++) {
		X509 *link = sk_X509_value(answer->chain, i);
		time_t from = certificate_time(X509_get0_notBefore(link));
		time_t until = certificate_time(X509_get0_notAfter(link));
		g_autofree char *owner = certificate_owner(link);
		g_autofree char *when = key_date(from > now ? from : until);

		if (from > now || until < now)
			return fault_set(fault, FAULT_REFUSED,
					 "%s: the certificate of %s %s %s (RFC 5280 §4.1.2.5)",
					 answer->path, owner,
					 from > now ? "is not valid before" : "expired on", when);
	}
	return true;
}

bool
ca_answer_follow(struct ca_answer *answer, const struct admin *admin, X509 *certificate,
		 struct fault *fault)
{
	struct authorities *authorities = load_authorities(admin, fault);
	struct authority_chain chain = {0};
	g_autofree char *why = NULL;
	bool found;

	if (authorities == NULL)
		return false;
	found = authorities_verify(authorities, certificate, answer->all, &chain, &why);
	authorities_free(authorities);
	g_free(chain.root);
	if (!found)
		return fault_set(fault, FAULT_REFUSED,
				 "%s: %s; the file must have the certificates above, and their "
				 "root be imported (postseal key import --root)",
				 answer->path, why);
	sk_X509_pop_free(answer->chain, X509_free); /* of another request's */
	answer->chain = chain.certificates;
	answer->until = chain.until;
	return tell_time(answer, fault);
}

/* --- an authority --- */

static const char *
why_no_authority(X509 *certificate)
{
	if (X509_check_ca(certificate) != 1)
		return "it does not say that this is an authority (RFC 5280 §4.2.1.9)";
	if ((X509_get_key_usage(certificate) & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) !=
	    (KU_KEY_CERT_SIGN | KU_CRL_SIGN))
		return "its key usage lacks keyCertSign or cRLSign (RFC 5280 §4.2.1.3)";
	if (!certificate_allows_mail(certificate))
		return "its extended key usage does not include mail (RFC 8550 §4.4.4)";
	return NULL;
}

/* Other parts of the name are for the authority above to add. */
static bool
has_name(const struct ca_answer *answer, X509 *certificate, const char *name, struct fault *fault)
{
	char given[NAME_MAX_BYTES] = "";
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	unsigned char *text = NULL;

	if (at >= 0 && ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(
							  X509_NAME_get_entry(subject, at))) >= 0)
		g_strlcpy(given, (const char *)text, sizeof given);
	OPENSSL_free(text);
	return strcmp(given, name) == 0 ||
	       fault_set(fault, FAULT_REFUSED,
			 "%s: the certificate is for the name “%s”, and the request was for “%s”; "
			 "make one for that name (postseal ca request --name)",
			 answer->path, given, name);
}

/* Does every authority above allow so many below it? What issued itself again does not count (RFC
 * 5280 §4.2.1.9). OpenSSL would say so only of a whole chain, with an employee at its end. */
static bool
has_room(const struct ca_answer *answer, struct fault *fault)
{
	long below = 0;

	for (int i = 0; i < sk_X509_num(answer->chain); i++) {
		X509 *link = sk_X509_value(answer->chain, i);
		long room = X509_get_pathlen(link);
		g_autofree char *owner = certificate_owner(link);

		if (room >= 0 && below > room)
			return fault_set(
				fault, FAULT_REFUSED,
				"%s: %s allows a path length of %ld, and this authority is "
				"number %ld below it (RFC 5280 §4.2.1.9)",
				answer->path, owner, room, below);
		if ((X509_get_extension_flags(link) & EXFLAG_SI) == 0)
			below++;
	}
	return true;
}

/* A certificate such as an employee in the domain gets, as far as names go; NULL: it cannot be
 * made. Caller frees. */
static X509 *
employee_in(const char *domain)
{
	g_autoptr(X509) certificate = X509_new();
	g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *mailbox = ASN1_STRING_type_new(V_ASN1_IA5STRING);
	g_autofree char *address = g_strconcat("someone@", domain, NULL);
	bool made;

	ASN1_STRING_set(mailbox, address, -1);
	GENERAL_NAME_set0_value(name, GEN_EMAIL, mailbox);
	sk_GENERAL_NAME_push(names, name);
	made = key != NULL &&
	       X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName,
					  MBSTRING_UTF8, (const unsigned char *)address, -1, -1,
					  0) == 1 &&
	       X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND) ==
		       1 &&
	       X509_set_version(certificate, 2) == 1 && X509_set_pubkey(certificate, key) == 1 &&
	       ASN1_TIME_set(X509_getm_notBefore(certificate), 0) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(certificate), time(NULL)) != NULL &&
	       X509_sign(certificate, key, EVP_sha256()) > 0;
	GENERAL_NAMES_free(names);
	return made ? g_steal_pointer(&certificate) : NULL;
}

/* Do the name constraints of the whole chain let it issue in the domain? */
static bool
may_issue_in(const struct ca_answer *answer, const char *domain)
{
	g_autoptr(X509) employee = employee_in(domain);
	bool may = employee != NULL;

	for (int i = 0; i < sk_X509_num(answer->chain) && may; i++)
		may = certificate_obeys(employee, sk_X509_value(answer->chain, i));
	return may;
}

static bool
has_domains(const struct ca_answer *answer, char *const *domains, struct fault *fault)
{
	g_autoptr(GString) excluded = g_string_new(NULL);
	guint some = 0;

	for (; *domains != NULL; domains++) {
		if (may_issue_in(answer, *domains))
			some++;
		else
			g_string_append_printf(excluded, "%s%s", excluded->len > 0 ? ", " : "",
					       *domains);
	}
	if (some == 0)
		return fault_set(fault, FAULT_REFUSED,
				 "%s: name constraints exclude the mail of %s (RFC 5280 §4.2.1.10)",
				 answer->path, excluded->str);
	if (excluded->len > 0)
		fprintf(stderr,
			"postseal: warning: name constraints exclude the mail of %s: employees "
			"there get no certificates\n",
			excluded->str);
	return true;
}

bool
ca_answer_is_authority(const struct ca_answer *answer, X509 *certificate, const char *name,
		       char *const *domains, struct fault *fault)
{
	const char *why = why_no_authority(certificate);

	if (why != NULL)
		return fault_set(fault, FAULT_REFUSED, "%s: %s", answer->path, why);
	return has_name(answer, certificate, name, fault) && has_room(answer, fault) &&
	       has_domains(answer, domains, fault);
}

/* --- an employee --- */

bool
ca_answer_is_for(const struct ca_answer *answer, X509 *certificate, const char *address,
		 struct fault *fault)
{
	g_autoptr(GPtrArray) addresses = certificate_addresses(certificate);
	g_autofree char *cannot_encrypt = NULL, *cannot_sign = NULL;

	certificate_uses(certificate, &cannot_encrypt, &cannot_sign);
	if (cannot_encrypt != NULL && cannot_sign != NULL)
		return fault_set(fault, FAULT_REFUSED, "%s: it is of no use for mail: %s",
				 answer->path, cannot_sign);
	return g_ptr_array_find_with_equal_func(addresses, address, g_str_equal, NULL) ||
	       fault_set(fault, FAULT_REFUSED,
			 "%s: the certificate is not for %s, who made the request (RFC 8550 §3)",
			 answer->path, address);
}
