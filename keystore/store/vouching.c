/* Certificates that came with mail. */
#include "keystore/store/store.h"

/* The chain of a certificate that came with mail, and why it is worth nothing. */
static bool
judge_foreign(struct connection *connection, const struct authorities *authorities,
	      X509 *certificate, STACK_OF(X509) * others, struct vouching *vouching_r,
	      struct fault *fault)
{
	struct authority_chain chain = {0};
	struct chain_status status;
	time_t now = time(NULL);

	if (!authorities_verify(authorities, certificate, others, &chain, &vouching_r->why))
		return true;
	vouching_r->chain = chain.certificates;
	vouching_r->trust = chain.trust;
	g_free(chain.root);
	if (now < chain.from || now >= chain.until) {
		vouching_r->why =
			g_strdup("its certificate, or one in its chain, is not valid now");
		return true;
	}
	if (!status_of_chain(connection, chain.certificates, &status, fault))
		return false;
	vouching_r->is_unchecked = status.is_missing && chain.revocation != REVOCATION_OFF;
	vouching_r->why = store_why_not_good(chain.revocation, &status);
	g_free(status.why);
	return true;
}

bool
keystore_vouches(struct keystore *keystore, X509 *certificate, STACK_OF(X509) * others,
		 struct vouching *vouching_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(keystore->database, fault);
	struct authorities *authorities;
	guint generation;
	bool done;

	*vouching_r = (struct vouching){0};
	if (connection == NULL)
		return false;
	g_mutex_lock(&keystore->lock);
	generation = keystore->generation;
	g_mutex_unlock(&keystore->lock);
	authorities = store_take_authorities(keystore, generation, connection, fault);
	if (authorities == NULL)
		return false;
	done = judge_foreign(connection, authorities, certificate, others, vouching_r, fault);
	store_give_authorities(keystore, generation, authorities);
	return done;
}

void
vouching_clear(struct vouching *vouching)
{
	g_clear_pointer(&vouching->why, g_free);
	sk_X509_pop_free(vouching->chain, X509_free);
	vouching->chain = NULL;
}
