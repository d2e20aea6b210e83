/*
 * Asks the network, through postseal-finder, which domains take mail over verified TLS, and keeps
 * the answers (keystore/domain_tls.h). Before a decision for a limited time; what does not come by
 * then is left to the courier, which also asks again before an answer ends. Nothing here fails a
 * message.
 */
#ifndef POSTSEAL_KEYSTORE_DOMAIN_TLS_ASKING_H
#define POSTSEAL_KEYSTORE_DOMAIN_TLS_ASKING_H

#include "keystore/domain_tls.h"

struct domain_tls_inquiry;

/* Begins to ask for the domains (char *, canonical) of which something is not known, until `until`
 * (g_get_monotonic_time()), and returns at once. NULL: there is nothing to ask. */
struct domain_tls_inquiry *domain_tls_begin(struct database *database,
					    const struct settings *settings,
					    const GPtrArray *domains, gint64 until);
/* Waits for the answers; they are in the database then. Accepts NULL. */
void domain_tls_end(struct domain_tls_inquiry *inquiry);

/* For a courier: what is due is asked for, and the slow ones are left to be answered later: a
 * domain that stands still keeps none of the others waiting. */
struct domain_tls_renewal;
/* Borrows both. NULL if nothing in the network is asked. */
struct domain_tls_renewal *domain_tls_renewal_new(struct database *database,
						  const struct settings *settings);
/* Waits for questions that are under way. Accepts NULL. */
void domain_tls_renewal_free(struct domain_tls_renewal *renewal);
/* *more_r: there may be more. False if the database failed. */
bool domain_tls_round(struct domain_tls_renewal *renewal, bool *more_r, struct fault *fault);

/* Asks about one domain now, whatever is known. */
bool domain_tls_ask(struct database *database, const struct settings *settings, const char *domain,
		    gint64 until, struct fault *fault);

/* Serves the metrics from now on, beginning at 0. */
void domain_tls_expect(void);

#endif
