#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "keystore/certificate.h"
#include "keystore/evidence.h"

/* What OpenSSL finds wrong with a CRL, the worst last; X509_V_OK if nothing. */
struct findings {
	int trouble;
	bool is_dated; /* only the time is wrong */
	bool is_revoked;
};

static bool
is_about_crl(int error)
{
	switch (error) {
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
	case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
	case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
	case X509_V_ERR_OUT_OF_MEM:
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
	case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
	case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
	case X509_V_ERR_DIFFERENT_CRL_SCOPE:
	case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
	case X509_V_ERR_INVALID_EXTENSION:
	case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
	case X509_V_ERR_UNSPECIFIED:
		return true;
	default:
		return false;
	}
}

/* The certificate itself, and its chain, are judged elsewhere (keystore/authority.h). */
static int
note(int ok, X509_STORE_CTX *context)
{
	struct findings *findings = X509_STORE_CTX_get_app_data(context);
	int error = X509_STORE_CTX_get_error(context);

	if (ok)
		return 1;
	if (error == X509_V_ERR_CERT_REVOKED)
		findings->is_revoked = true;
	else if (error == X509_V_ERR_CRL_HAS_EXPIRED || error == X509_V_ERR_CRL_NOT_YET_VALID)
		findings->is_dated = true;
	else if (is_about_crl(error))
		findings->trouble = error;
	return 1;
}

static void
look(X509_CRL *crl, X509 *certificate, X509 *issuer, time_t now, struct findings *findings)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
	X509_VERIFY_PARAM *parameters;

	X509_STORE_add_cert(store, issuer);
	sk_X509_CRL_push(crls, crl);
	X509_STORE_CTX_init(context, store, certificate, NULL);
	X509_STORE_CTX_set0_crls(context, crls);
	X509_STORE_CTX_set_app_data(context, findings);
	X509_STORE_CTX_set_verify_cb(context, note);
	parameters = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_time(parameters, now);
	/* The callback lets everything pass; it is an error not to come to the CRL at all. */
	if (X509_verify_cert(context) != 1 || sk_X509_num(X509_STORE_CTX_get0_chain(context)) != 2)
		findings->trouble = X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER;
	X509_STORE_CTX_free(context);
	sk_X509_CRL_free(crls);
	X509_STORE_free(store);
}

/* --- what OpenSSL would call "unable to get certificate CRL", or does not look at --- */

/* NULL: all certificates, or those of one kind, which OpenSSL compares. */
static const char *
partial_scope(X509_CRL *crl)
{
	ISSUING_DIST_POINT *point =
		X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, NULL, NULL);
	const char *why = NULL;

	if (point == NULL)
		return X509_CRL_get_ext_by_NID(crl, NID_issuing_distribution_point, -1) < 0
			       ? NULL
			       : "its scope cannot be read (RFC 5280 §5.2.5)";
	if (point->indirectCRL > 0)
		why = "it is an indirect CRL, which may be for another issuer (RFC 5280 §5.2.5)";
	else if (point->onlysomereasons != NULL)
		why = "it is for some reasons only (RFC 5280 §5.2.5)";
	else if (point->onlyattr > 0)
		why = "it is for attribute certificates only (RFC 5280 §5.2.5)";
	ISSUING_DIST_POINT_free(point);
	return why;
}

static bool
is_weak(const X509_CRL *crl)
{
	int digest = NID_undef;

	OBJ_find_sigid_algs(X509_CRL_get_signature_nid(crl), &digest, NULL);
	return digest == NID_md2 || digest == NID_md4 || digest == NID_md5 || digest == NID_sha1;
}

static const char *
why_useless(X509_CRL *crl, X509 *certificate)
{
	if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(certificate)) != 0)
		return "it is not its issuer's (RFC 5280 §6.3.3)";
	if (X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0)
		return "it is a delta CRL, which says nothing by itself (RFC 5280 §5.2.4)";
	if (X509_CRL_get0_nextUpdate(crl) == NULL)
		return "it does not say when the next one comes (RFC 5280 §5.1.2.5)";
	if (is_weak(crl))
		return "its signature's digest is broken (RFC 8550 §4.3)";
	return partial_scope(crl);
}

/* --- what it says --- */

/* True if the reason is that it is on hold. */
static bool
find_reason(X509_CRL *crl, X509 *certificate, struct verdict *verdict_r)
{
	X509_REVOKED *entry = NULL;
	ASN1_ENUMERATED *reason;
	long code = OCSP_REVOKED_STATUS_NOSTATUS;

	if (X509_CRL_get0_by_cert(crl, &entry, certificate) == 0)
		return false;
	verdict_r->revoked_at = certificate_time(X509_REVOKED_get0_revocationDate(entry));
	reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	if (reason != NULL) {
		code = ASN1_ENUMERATED_get(reason);
		verdict_r->why = g_strdup(OCSP_crl_reason_str(code));
		ASN1_ENUMERATED_free(reason);
	}
	return code == OCSP_REVOKED_STATUS_CERTIFICATEHOLD;
}

static void
say_state(const struct findings *findings, X509_CRL *crl, X509 *certificate,
	  struct verdict *verdict_r)
{
	bool is_held;

	if (!findings->is_revoked) {
		verdict_r->state = CERTIFICATE_GOOD;
		return;
	}
	is_held = find_reason(crl, certificate, verdict_r);
	verdict_r->state = is_held ? CERTIFICATE_HELD : CERTIFICATE_REVOKED;
}

void
evidence_judge_crl(X509_CRL *crl, X509 *certificate, X509 *issuer, time_t now,
		   struct verdict *verdict_r)
{
	struct findings findings = {.trouble = X509_V_OK};
	const char *why = why_useless(crl, certificate);

	*verdict_r = (struct verdict){0};
	if (why == NULL) {
		look(crl, certificate, issuer, now, &findings);
		if (findings.trouble != X509_V_OK)
			why = X509_verify_cert_error_string(findings.trouble);
	}
	if (why == NULL && findings.is_dated && !findings.is_revoked)
		why = "it is out of date, or from the future (RFC 5280 §6.3.3)";
	if (why != NULL) {
		verdict_r->why = g_strdup_printf("CRL: %s", why);
		return;
	}
	verdict_r->this_update = certificate_time(X509_CRL_get0_lastUpdate(crl));
	verdict_r->good_until = certificate_time(X509_CRL_get0_nextUpdate(crl));
	if (!findings.is_dated) {
		verdict_r->crl_from = verdict_r->this_update;
		verdict_r->crl_until = verdict_r->good_until;
	}
	say_state(&findings, crl, certificate, verdict_r);
}
