/*
 * What issuers say about certificates after they have issued them: CRLs (RFC 5280 §5, §6.3) and
 * OCSP responses (RFC 6960). Here they are judged, in postseal-keyreader, since they come from the
 * network as they are.
 *
 * Counted as evidence: a complete CRL that the issuer signed with the key that signed the
 * certificate, for certificates of this kind; a response signed by the issuer, or by a responder
 * whose certificate the issuer signed for this purpose. Delta CRLs, indirect CRLs and CRLs for some
 * reasons only say nothing here.
 *
 * That a certificate was revoked is believed also of evidence that is out of date: it does not
 * become good again (§5.3.1), unless it was only on hold. That it is good is believed only in time.
 */
#ifndef POSTSEAL_KEYSTORE_EVIDENCE_H
#define POSTSEAL_KEYSTORE_EVIDENCE_H

#include <glib.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <time.h>

enum certificate_state {
	CERTIFICATE_UNCHECKED, /* nobody says so, or not so that it can be believed */
	CERTIFICATE_GOOD,
	CERTIFICATE_HELD, /* revoked for the time being */
	CERTIFICATE_REVOKED,
};

/* All that is known of a certificate. What is missing is NULL. */
struct evidence {
	GBytes *certificate, *issuer; /* DER; the issuer's is trusted */
	GBytes *crl;
	GBytes *request, *response; /* OCSP */
	time_t now;
};

struct verdict {
	enum certificate_state state;
	time_t revoked_at;
	time_t this_update; /* of the evidence that it rests on */
	time_t good_until;
	bool by_ocsp; /* or by the CRL */
	char *why;    /* the reason for a revocation; why there is no evidence; or NULL */
	/* The CRL, whatever it says of this certificate: the times within which it may be used for
	 * others; 0 if it may not. */
	time_t crl_from, crl_until;
};

/* Caller clears. Bytes that cannot be read are no evidence. */
void evidence_judge(const struct evidence *evidence, struct verdict *verdict_r);
void verdict_clear(struct verdict *verdict);
typedef struct verdict verdict_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(verdict_auto, verdict_clear)

/* The two ways alone, as evidence_judge() uses them. */
void evidence_judge_crl(X509_CRL *crl, X509 *certificate, X509 *issuer, time_t now,
			struct verdict *verdict_r);
void evidence_judge_ocsp(GBytes *request, GBytes *response, X509 *certificate, X509 *issuer,
			 time_t now, struct verdict *verdict_r);

/* "good", "held", "revoked" or "unchecked", as the database writes it. */
const char *certificate_state_name(enum certificate_state state);
enum certificate_state certificate_state_named(const char *name);

#endif
