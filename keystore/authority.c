#include "keystore/authority.h"

#include <openssl/x509v3.h>

#include "keystore/certificate.h"

enum {
	AUTH_LEVEL = 2, /* OpenSSL: 112 bits; rejects RSA below 2048 bits and SHA-1 */
	DEPTH_MAX = 10, /* certificates between one and its root */
};

struct authorities {
	X509_STORE *roots;
	STACK_OF(X509) * intermediates;
	GHashTable *regard; /* fingerprint of a root to struct regard */
};

/* What the organisation thinks of a root. */
struct regard {
	enum trust_level trust;
	enum revocation revocation;
};

struct authorities *
authorities_new(void)
{
	struct authorities *authorities = g_new0(struct authorities, 1);

	authorities->roots = X509_STORE_new();
	authorities->intermediates = sk_X509_new_null();
	authorities->regard = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return authorities;
}

void
authorities_free(struct authorities *authorities)
{
	if (authorities == NULL)
		return;
	X509_STORE_free(authorities->roots);
	sk_X509_pop_free(authorities->intermediates, X509_free);
	g_hash_table_unref(authorities->regard);
	g_free(authorities);
}

void
authorities_add_root(struct authorities *authorities, X509 *certificate, enum trust_level trust,
		     enum revocation revocation)
{
	const struct regard regard = {.trust = trust, .revocation = revocation};

	if (!certificate_allows_mail(certificate))
		return;
	X509_STORE_add_cert(authorities->roots, certificate);
	g_hash_table_insert(authorities->regard, certificate_fingerprint(certificate),
			    g_memdup2(&regard, sizeof regard));
}

void
authorities_add_intermediate(struct authorities *authorities, X509 *certificate)
{
	if (!certificate_allows_mail(certificate))
		return;
	X509_up_ref(certificate);
	sk_X509_push(authorities->intermediates, certificate);
}

/* A root that is not among ours, which OpenSSL does not let happen, is worth nothing. */
static void
find_regard(const struct authorities *authorities, struct authority_chain *chain)
{
	int count = sk_X509_num(chain->certificates);
	const struct regard *regard;

	chain->root = certificate_fingerprint(sk_X509_value(chain->certificates, count - 1));
	regard = g_hash_table_lookup(authorities->regard, chain->root);
	chain->trust = regard == NULL ? TRUST_NONE : regard->trust;
	chain->revocation = regard == NULL ? REVOCATION_HARD : regard->revocation;
}

static void
find_bounds(struct authority_chain *chain)
{
	for (int i = 0; i < sk_X509_num(chain->certificates); i++) {
		const X509 *link = sk_X509_value(chain->certificates, i);
		time_t from = certificate_time(X509_get0_notBefore(link));
		time_t until = certificate_time(X509_get0_notAfter(link));

		chain->from = MAX(chain->from, from);
		chain->until = i == 0 ? until : MIN(chain->until, until);
	}
}

/* X509_V_OK, or OpenSSL's error. The uses of the certificate itself were checked before
 * (certificate_uses()): OpenSSL's own purpose check requires keyEncipherment of EC keys too, which
 * RFC 8813 forbids. */
static int
verify(const struct authorities *authorities, X509 *certificate, STACK_OF(X509) * between,
       unsigned long flags, struct authority_chain *chain_r)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *parameters;
	int error;

	X509_STORE_CTX_init(context, authorities->roots, certificate, between);
	parameters = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_auth_level(parameters, AUTH_LEVEL);
	X509_VERIFY_PARAM_set_depth(parameters, DEPTH_MAX);
	X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_POLICY_CHECK | flags);
	/* OpenSSL's set of acceptable policies begins empty; RFC 5280 §6.1.1 begins with any. */
	X509_VERIFY_PARAM_add0_policy(parameters, OBJ_nid2obj(NID_any_policy));
	if (X509_verify_cert(context) == 1) {
		*chain_r = (struct authority_chain){.certificates =
							    X509_STORE_CTX_get1_chain(context)};
		find_bounds(chain_r);
		find_regard(authorities, chain_r);
		error = X509_V_OK;
	} else {
		error = X509_STORE_CTX_get_error(context);
	}
	X509_STORE_CTX_free(context);
	return error;
}

/* Whether the certificate is valid now is checked by key_is_usable(), at each use. */
bool
authorities_verify(const struct authorities *authorities, X509 *certificate,
		   STACK_OF(X509) * others, struct authority_chain *chain_r, char **why_r)
{
	STACK_OF(X509) *between = sk_X509_dup(authorities->intermediates);
	int error;

	for (int i = 0; others != NULL && i < sk_X509_num(others); i++)
		if (certificate_allows_mail(sk_X509_value(others, i)))
			sk_X509_push(between, sk_X509_value(others, i));
	error = verify(authorities, certificate, between, 0, chain_r);
	if (error == X509_V_ERR_CERT_NOT_YET_VALID || error == X509_V_ERR_CERT_HAS_EXPIRED)
		error = verify(authorities, certificate, between, X509_V_FLAG_NO_CHECK_TIME,
			       chain_r);
	sk_X509_free(between);
	if (error != X509_V_OK)
		*why_r = g_strdup_printf("no chain to a trusted root (RFC 5280 §6.1): %s",
					 X509_verify_cert_error_string(error));
	return error == X509_V_OK;
}
