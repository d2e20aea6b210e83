#include "keystore/evidence.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

static const char *const names[] = {[CERTIFICATE_UNCHECKED] = "unchecked",
				    [CERTIFICATE_GOOD] = "good",
				    [CERTIFICATE_HELD] = "held",
				    [CERTIFICATE_REVOKED] = "revoked"};

const char *
certificate_state_name(enum certificate_state state)
{
	return names[state];
}

enum certificate_state
certificate_state_named(const char *name)
{
	for (enum certificate_state state = CERTIFICATE_GOOD; state <= CERTIFICATE_REVOKED; state++)
		if (strcmp(name, names[state]) == 0)
			return state;
	return CERTIFICATE_UNCHECKED;
}

void
verdict_clear(struct verdict *verdict)
{
	g_clear_pointer(&verdict->why, g_free);
}

static X509 *
certificate_in(GBytes *bytes)
{
	gsize length;
	const unsigned char *at = g_bytes_get_data(bytes, &length);

	return d2i_X509(NULL, &at, (long)length);
}

/* NULL if the bytes are anything else, or go on after the CRL. */
static X509_CRL *
crl_in(GBytes *bytes)
{
	gsize length;
	const unsigned char *begin = g_bytes_get_data(bytes, &length), *at = begin;
	X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)length);

	if (crl != NULL && at == begin + length)
		return crl;
	X509_CRL_free(crl);
	return NULL;
}

static void
judge_crl_bytes(const struct evidence *evidence, X509 *certificate, X509 *issuer,
		struct verdict *verdict_r)
{
	X509_CRL *crl = crl_in(evidence->crl);

	if (crl == NULL)
		verdict_r->why = g_strdup("CRL: what came is none (RFC 5280 §5.1)");
	else
		evidence_judge_crl(crl, certificate, issuer, evidence->now, verdict_r);
	X509_CRL_free(crl);
}

/* The worse of two; of two that say the same, the one that holds longer. Takes `other`. */
static void
merge(struct verdict *verdict, struct verdict *other)
{
	g_autofree char *both = NULL;
	const time_t crl_from = verdict->crl_from, crl_until = verdict->crl_until;

	if (verdict->state == CERTIFICATE_UNCHECKED && other->state == CERTIFICATE_UNCHECKED &&
	    verdict->why != NULL && other->why != NULL) {
		both = g_strdup_printf("%s; %s", verdict->why, other->why);
		g_free(verdict->why);
		verdict->why = g_steal_pointer(&both);
	} else if (other->state > verdict->state ||
		   (other->state == verdict->state &&
		    (verdict->why == NULL || other->good_until > verdict->good_until))) {
		g_free(verdict->why);
		*verdict = *other;
		other->why = NULL;
		verdict->crl_from = crl_from;
		verdict->crl_until = crl_until;
	}
	g_clear_pointer(&other->why, g_free);
}

void
evidence_judge(const struct evidence *evidence, struct verdict *verdict_r)
{
	X509 *certificate = certificate_in(evidence->certificate);
	X509 *issuer = certificate_in(evidence->issuer);
	struct verdict by_ocsp = {0};

	*verdict_r = (struct verdict){0};
	if (certificate != NULL && issuer != NULL) {
		if (evidence->crl != NULL)
			judge_crl_bytes(evidence, certificate, issuer, verdict_r);
		if (evidence->response != NULL && evidence->request != NULL) {
			evidence_judge_ocsp(evidence->request, evidence->response, certificate,
					    issuer, evidence->now, &by_ocsp);
			merge(verdict_r, &by_ocsp);
		}
	}
	ERR_clear_error();
	X509_free(certificate);
	X509_free(issuer);
}
