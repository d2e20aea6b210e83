/*
 * Answers about verified TLS of domains, in the database (sql/160_domain_tls.sql). Several milters
 * and couriers work with it at once.
 */
#ifndef POSTSEAL_KEYSTORE_DOMAIN_TLS_ANSWERS_H
#define POSTSEAL_KEYSTORE_DOMAIN_TLS_ANSWERS_H

#include "core/database.h"
#include "keystore/finder.h"

enum tls_evidence { TLS_DANE, TLS_MTA_STS, TLS_EVIDENCES };

/* "dane", "mta-sts", as in the setting `tls from`. */
const char *tls_evidence_name(enum tls_evidence evidence);
enum finder_wish tls_evidence_wish(enum tls_evidence evidence);

struct tls_asking {
	char *domain; /* canonical */
	enum tls_evidence evidence;
	bool has_failed; /* the last time, as far as is known */
};
struct tls_asking *tls_asking_new(const char *domain, enum tls_evidence evidence);
void tls_asking_free(struct tls_asking *asking);

/* Removes from `askings` (struct tls_asking, freed by the array) those whose answer is still good,
 * and notes that mail needs it. */
bool tls_answers_drop_good(struct connection *connection, GPtrArray *askings, struct fault *fault);
/* Leaves them to the courier, from `seconds` from now on. */
bool tls_answers_want(struct connection *connection, const GPtrArray *askings, unsigned seconds,
		      struct fault *fault);
/* What a courier takes on. */
struct tls_claim {
	char *const *evidence; /* the setting `tls from` */
	unsigned most;
	unsigned most_failing; /* of those that failed the last time, which are slow */
};
/* Adds what is due, and holds it for two minutes. What `evidence` does not name, or mail has not
 * needed for 30 days, is put aside. *more_r: there may be more. */
bool tls_answers_claim(struct connection *connection, const struct tls_claim *claim,
		       GPtrArray *askings, bool *more_r, struct fault *fault);

/* Stores an answer. What was found before holds on as its standard says: TLSA records as long as
 * their signatures were good for, if they cannot be asked for; an MTA-STS policy until its max_age
 * is over, unless another policy takes its place (RFC 8461 §3.3, §5.1). *news_r: a sentence for the
 * admin, or NULL; caller frees. */
bool tls_answer_put(struct connection *connection, const struct tls_asking *asking,
		    const struct finder_answer *answer, char **news_r, struct fault *fault);

#endif
