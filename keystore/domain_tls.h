/*
 * Which domains take mail over verified TLS, as they say themselves: DANE (RFC 7672) and MTA-STS
 * (RFC 8461). What was found is kept in the database (sql/160_domain_tls.sql); from it come both
 * the decision whether the method `tls` is available, and what Postfix is told to verify
 * (milter/tls_map.h), so that the two cannot differ. DANE comes first, and what MTA-STS says never
 * takes the place of DANE that fails (RFC 8461 §2).
 */
#ifndef POSTSEAL_KEYSTORE_DOMAIN_TLS_H
#define POSTSEAL_KEYSTORE_DOMAIN_TLS_H

#include "core/database.h"
#include "core/settings.h"

enum tls_state {
	TLS_AVAILABLE,
	TLS_UNAVAILABLE,
	TLS_UNKNOWN, /* nobody has asked yet, or the answer has ended, or asking failed */
};

struct domain_tls {
	enum tls_state state;
	char *because; /* the evidence, or why there is none: one sentence without a full stop */
	/* The right-hand side in Postfix's smtp_tls_policy_maps, also for mail that was accepted
	 * while the evidence held; NULL: nothing is known. */
	char *postfix;
	/* What DANE says cannot be found out, so that mail has to wait. */
	bool must_wait;
};

/* `domain` in canonical form. The setting `tls from` says what counts. */
bool domain_tls_find(struct connection *connection, const struct settings *settings,
		     const char *domain, struct domain_tls *tls_r, struct fault *fault);
void domain_tls_clear(struct domain_tls *tls);
typedef struct domain_tls domain_tls_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(domain_tls_auto, domain_tls_clear)

/* Does `tls from` name anything in the network? */
bool domain_tls_is_asked(const struct settings *settings);
/* The socket at which the milter answers Postfix: tls.sock beside its own. NULL if that is not a
 * Unix socket, or the MTA cannot ask. Caller frees. */
char *domain_tls_socket(const struct settings *settings);

#endif
