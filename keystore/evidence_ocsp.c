#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>

#include "keystore/certificate.h"
#include "keystore/evidence.h"

enum {
	AUTH_LEVEL = 2,	      /* as for certificates (authority.c) */
	CLOCK_SECONDS = 300,  /* by which a responder's clock and ours may differ */
	NO_END_SECONDS = 3600 /* for which an answer without nextUpdate counts (RFC 6960 §2.4) */
};

/* An answer, and what is asked of it. */
struct response {
	OCSP_REQUEST *request;
	OCSP_RESPONSE *response;
	OCSP_BASICRESP *basic;
	X509 *certificate, *issuer;
};

static const char *
read_bytes(struct response *response, GBytes *request, GBytes *bytes)
{
	gsize length;
	const unsigned char *at = g_bytes_get_data(request, &length);
	int status;

	response->request = d2i_OCSP_REQUEST(NULL, &at, (long)length);
	at = g_bytes_get_data(bytes, &length);
	response->response = d2i_OCSP_RESPONSE(NULL, &at, (long)length);
	if (response->request == NULL || response->response == NULL)
		return "what came is none (RFC 6960 §4.2.1)";
	status = OCSP_response_status(response->response);
	if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		return OCSP_response_status_str(status);
	response->basic = OCSP_response_get1_basic(response->response);
	return response->basic == NULL ? "it is of an unknown type (RFC 6960 §4.2.1)" : NULL;
}

static void
response_clear(struct response *response)
{
	OCSP_BASICRESP_free(response->basic);
	OCSP_RESPONSE_free(response->response);
	OCSP_REQUEST_free(response->request);
}

/* By the issuer, or by whom the issuer gave a certificate for it (RFC 6960 §4.2.2.2): the issuer is
 * the only root. */
static bool
is_authorised(const struct response *response, time_t now)
{
	X509_STORE *store = X509_STORE_new();
	X509_VERIFY_PARAM *parameters = X509_STORE_get0_param(store);
	STACK_OF(X509) *issuers = sk_X509_new_null();
	bool is_good;

	X509_STORE_add_cert(store, response->issuer);
	X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_auth_level(parameters, AUTH_LEVEL);
	X509_VERIFY_PARAM_set_time(parameters, now);
	sk_X509_push(issuers, response->issuer);
	/* Trusted for its word is nobody else: a root marked so would be believed about any issuer.
	 */
	is_good = OCSP_basic_verify(response->basic, issuers, store, OCSP_NOEXPLICIT) == 1;
	sk_X509_free(issuers);
	X509_STORE_free(store);
	return is_good;
}

static const char *
why_not_believed(const struct response *response, time_t now)
{
	/* -1: the responder has none, as those that sign in advance (RFC 8954 §2.1); its times say
	 * how old it is. */
	if (OCSP_check_nonce(response->request, response->basic) == 0)
		return "it answers another question: its nonce is not ours (RFC 8954 §2.1)";
	if (!is_authorised(response, now))
		return "it is not signed by the issuer, or by whom the issuer has authorised (RFC 6960 §4.2.2.2)";
	return NULL;
}

/* --- what it says of the certificate --- */

struct single {
	int status, reason;
	ASN1_GENERALIZEDTIME *revoked_at, *this_update, *next_update;
};

static const char *
find_single(const struct response *response, struct single *single)
{
	OCSP_ONEREQ *asked = OCSP_request_onereq_get0(response->request, 0);
	OCSP_CERTID *id = asked == NULL ? NULL : OCSP_onereq_get0_id(asked);

	/* Of the very certificate that was asked for: the identifier is the asker's. */
	if (id == NULL || OCSP_resp_find_status(response->basic, id, &single->status,
						&single->reason, &single->revoked_at,
						&single->this_update, &single->next_update) != 1)
		return "it does not speak of the certificate (RFC 6960 §3.2)";
	return single->status == V_OCSP_CERTSTATUS_UNKNOWN
		       ? "the responder does not know the certificate (RFC 6960 §2.2)"
		       : NULL;
}

/* Seconds since 1970. OCSP_check_validity() would ask the clock itself. */
static const char *
check_times(const struct single *single, time_t now, struct verdict *verdict)
{
	verdict->this_update = certificate_time(single->this_update);
	verdict->good_until = single->next_update == NULL ? verdict->this_update + NO_END_SECONDS
							  : certificate_time(single->next_update);
	if (verdict->this_update > now + CLOCK_SECONDS)
		return "it is from the future (RFC 6960 §3.2)";
	return verdict->good_until + CLOCK_SECONDS < now ? "it is out of date (RFC 6960 §3.2)"
							 : NULL;
}

static const char *
take_single(const struct single *single, time_t now, struct verdict *verdict)
{
	const char *why = check_times(single, now, verdict);

	if (single->status == V_OCSP_CERTSTATUS_GOOD) {
		verdict->state = why == NULL ? CERTIFICATE_GOOD : CERTIFICATE_UNCHECKED;
		return why;
	}
	verdict->state = CERTIFICATE_REVOKED;
	if (single->reason == OCSP_REVOKED_STATUS_CERTIFICATEHOLD)
		verdict->state = why == NULL ? CERTIFICATE_HELD : CERTIFICATE_UNCHECKED;
	verdict->revoked_at = certificate_time(single->revoked_at);
	if (verdict->state != CERTIFICATE_UNCHECKED && single->reason >= 0)
		verdict->why = g_strdup(OCSP_crl_reason_str(single->reason));
	return verdict->state == CERTIFICATE_UNCHECKED ? why : NULL;
}

void
evidence_judge_ocsp(GBytes *request, GBytes *bytes, X509 *certificate, X509 *issuer, time_t now,
		    struct verdict *verdict_r)
{
	struct response response = {.certificate = certificate, .issuer = issuer};
	struct single single = {0};
	const char *why;

	*verdict_r = (struct verdict){.by_ocsp = true};
	why = read_bytes(&response, request, bytes);
	if (why == NULL)
		why = why_not_believed(&response, now);
	if (why == NULL)
		why = find_single(&response, &single);
	if (why == NULL)
		why = take_single(&single, now, verdict_r);
	if (why != NULL)
		verdict_r->why = g_strdup_printf("OCSP: %s", why);
	response_clear(&response);
}
