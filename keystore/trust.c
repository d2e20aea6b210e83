#include "keystore/trust.h"

#include <openssl/x509v3.h>

#include "keystore/certificate.h"

enum { AUTH_LEVEL = 2 }; /* OpenSSL: 112 bits; refuses RSA below 2048 and SHA-1 */

struct trust {
	X509_STORE *roots;
	STACK_OF(X509) *intermediates;
};

struct trust *
trust_new(void)
{
	struct trust *trust = g_new0(struct trust, 1);

	trust->roots = X509_STORE_new();
	trust->intermediates = sk_X509_new_null();
	return trust;
}

void
trust_free(struct trust *trust)
{
	if (trust == NULL)
		return;
	X509_STORE_free(trust->roots);
	sk_X509_pop_free(trust->intermediates, X509_free);
	g_free(trust);
}

void
trust_add(struct trust *trust, X509 *certificate, bool is_root)
{
	if (is_root) {
		X509_STORE_add_cert(trust->roots, certificate);
	} else {
		X509_up_ref(certificate);
		sk_X509_push(trust->intermediates, certificate);
	}
}

static time_t
first_expiry(STACK_OF(X509) *chain)
{
	time_t first = 0;

	for (int i = 0; i < sk_X509_num(chain); i++) {
		time_t end = certificate_time(X509_get0_notAfter(sk_X509_value(chain, i)));

		if (first == 0 || end < first)
			first = end;
	}
	return first;
}

bool
trust_verify(const struct trust *trust, X509 *certificate, STACK_OF(X509) **chain_r,
	     time_t *until_r, char **why_r)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	bool verified;

	X509_STORE_CTX_init(context, trust->roots, certificate, trust->intermediates);
	X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SMIME_ENCRYPT);
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context), AUTH_LEVEL);
	verified = X509_verify_cert(context) == 1;
	if (verified) {
		*chain_r = X509_STORE_CTX_get1_chain(context);
		*until_r = first_expiry(*chain_r);
	} else {
		*why_r = g_strdup_printf("no chain to a trusted root (%s)",
					 X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	}
	X509_STORE_CTX_free(context);
	return verified;
}
