/* NIST's test suite of path validation (PKITS 1.0.1), as Debian's python3-cryptography-vectors has
 * it: all its certificates are known, one root is trusted, and every test names a certificate and
 * says whether its path is valid. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "keystore/authority.h"
#include "keystore/certificate.h"
#include "keystore/evidence.h"

#define SUITE "/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data/"

static GHashTable *ends; /* name of a test to X509 */
static GPtrArray *crls;	 /* X509_CRL */
static struct authorities *authorities;

static GBytes *
file_bytes(const char *folder, const char *name)
{
	g_autofree char *path = g_strconcat(SUITE, folder, "/", name, NULL);
	char *bytes;
	gsize length;

	assert_true(g_file_get_contents(path, &bytes, &length, NULL));
	return g_bytes_new_take(bytes, length);
}

static void
read_certificate(const char *name)
{
	g_autoptr(GBytes) der = file_bytes("certs", name);
	const unsigned char *at = g_bytes_get_data(der, NULL);
	X509 *certificate = d2i_X509(NULL, &at, (long)g_bytes_get_size(der));

	assert_non_null(certificate);
	if (g_str_has_suffix(name, "EE.crt"))
		g_hash_table_insert(ends, g_strndup(name, strlen(name) - strlen("EE.crt")),
				    certificate);
	else if (g_str_has_prefix(name, "TrustAnchor"))
		authorities_add_root(authorities, certificate, TRUST_DOMAIN, REVOCATION_HARD);
	else
		authorities_add_intermediate(authorities, certificate);
}

static void
read_crl(const char *name)
{
	g_autoptr(GBytes) der = file_bytes("crls", name);
	const unsigned char *at = g_bytes_get_data(der, NULL);
	X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)g_bytes_get_size(der));

	assert_non_null(crl);
	g_ptr_array_add(crls, crl);
}

static void
for_each(const char *folder, void (*read)(const char *name))
{
	g_autofree char *path = g_strconcat(SUITE, folder, NULL);
	g_autoptr(GDir) files = g_dir_open(path, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(files)) != NULL)
		read(name);
}

/* What CRLs say of a certificate. */
static enum certificate_state
state_of(X509 *certificate, X509 *issuer)
{
	enum certificate_state state = CERTIFICATE_UNCHECKED;

	for (guint i = 0; i < crls->len; i++) {
		g_auto(verdict_auto) verdict = {0};

		evidence_judge_crl(g_ptr_array_index(crls, i), certificate, issuer, time(NULL),
				   &verdict);
		state = MAX(state, verdict.state);
	}
	return state;
}

/* Is there a chain, valid now, and does some CRL say of each certificate in it that it is good? */
static bool
is_valid(X509 *certificate)
{
	struct authority_chain chain;
	g_autofree char *why = NULL;
	time_t now = time(NULL);
	bool good;

	if (!authorities_verify(authorities, certificate, NULL, &chain, &why))
		return false;
	good = now >= chain.from && now < chain.until;
	for (int i = 0; i + 1 < sk_X509_num(chain.certificates); i++)
		good &= state_of(sk_X509_value(chain.certificates, i),
				 sk_X509_value(chain.certificates, i + 1)) == CERTIFICATE_GOOD;
	sk_X509_pop_free(chain.certificates, X509_free);
	g_free(chain.root);
	return good;
}

/* Policy tests whose names do not say what holds if all policies are acceptable (PKITS §4.8,
 * §4.12). */
static const char *const valid_by_default[] = {"AllCertificatesNoPoliciesTest2",
					       "AllCertificatesSamePoliciesTest10",
					       "AllCertificatesSamePoliciesTest13",
					       "AllCertificatesanyPolicyTest11",
					       "AnyPolicyTest14",
					       "CPSPointerQualifierTest20",
					       "DifferentPoliciesTest3",
					       "OverlappingPoliciesTest6",
					       "UserNoticeQualifierTest15",
					       "UserNoticeQualifierTest16",
					       "UserNoticeQualifierTest17",
					       "UserNoticeQualifierTest18",
					       "UserNoticeQualifierTest19",
					       "inhibitAnyPolicyTest3",
					       NULL};

/* What is valid, but stays unproven here: the side that errs is the safe one. */
static const char *const refused[] = {
	/* 1024 bits of DSA are too weak. */
	"ValidDSASignaturesTest4", "ValidDSAParameterInheritanceTest5",
	/* The CRL is signed with another key of the issuer's than the certificate. */
	"ValidBasicSelfIssuedCRLSigningKeyTest6", "ValidBasicSelfIssuedNewWithOldTest4",
	"ValidBasicSelfIssuedOldWithNewTest1", "ValidDNnameConstraintsTest19",
	"ValidSelfIssuedinhibitAnyPolicyTest7", "ValidSelfIssuedinhibitAnyPolicyTest9",
	"ValidSelfIssuedinhibitPolicyMappingTest7", "ValidSelfIssuedpathLenConstraintTest15",
	"ValidSelfIssuedpathLenConstraintTest17", "ValidSelfIssuedrequireExplicitPolicyTest6",
	"ValidSeparateCertificateandCRLKeysTest19",
	/* Indirect CRLs, and CRLs for some reasons only. */
	"ValidIDPwithindirectCRLTest22", "ValidIDPwithindirectCRLTest24",
	"ValidIDPwithindirectCRLTest25", "ValidcRLIssuerTest28", "ValidcRLIssuerTest29",
	"ValidcRLIssuerTest30", "ValidcRLIssuerTest33", "ValidonlySomeReasonsTest18",
	"ValidonlySomeReasonsTest19",
	/* A delta CRL takes it off hold. */
	"ValiddeltaCRLTest5", NULL};

/* A delta CRL alone revokes it; the base CRL, which is in time, does not (use-deltas is optional,
 * RFC 5280 §6.3.1). */
static const char *const accepted[] = {"InvaliddeltaCRLTest4", NULL};

static bool
should_be_valid(const char *name)
{
	return (g_str_has_prefix(name, "Valid") && !g_strv_contains(refused, name)) ||
	       g_strv_contains(valid_by_default, name) || g_strv_contains(accepted, name);
}

static void
test_paths_are_judged_as_nist_says(void **state)
{
	unsigned wrong = 0;
	GHashTableIter each;
	gpointer name, certificate;

	(void)state;
	g_hash_table_iter_init(&each, ends);
	while (g_hash_table_iter_next(&each, &name, &certificate))
		if (is_valid(certificate) != should_be_valid(name)) {
			print_error("%s: %s\n", (char *)name,
				    should_be_valid(name) ? "refused, but valid"
							  : "accepted, but invalid");
			wrong++;
		}
	assert_int_equal(g_hash_table_size(ends), 223);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_paths_are_judged_as_nist_says)};

	ends = g_hash_table_new(g_str_hash, g_str_equal);
	crls = g_ptr_array_new();
	authorities = authorities_new();
	for_each("certs", read_certificate);
	for_each("crls", read_crl);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
