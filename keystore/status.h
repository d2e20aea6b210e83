/*
 * Certificates that mail needs, and whether their issuers have revoked them, as the database knows
 * it (sql/155_revocation.sql): a look-up at each decision; keystore/revocation.h asks the network.
 */
#ifndef POSTSEAL_KEYSTORE_STATUS_H
#define POSTSEAL_KEYSTORE_STATUS_H

#include "core/database.h"
#include "keystore/evidence.h"

/* A certificate, and its issuer's in a chain to a trusted authority. Owned by whoever made it. */
struct status_asking {
	char *fingerprint;
	X509 *certificate, *issuer;
};
struct status_asking *status_asking_new(X509 *certificate, X509 *issuer);
void status_asking_free(struct status_asking *asking);

/* What is known of a chain, from the certificate itself up to the root. */
struct chain_status {
	enum certificate_state state; /* the worst of its certificates */
	char *why; /* for the record: how it was revoked, what says that it is good, or why nobody
		      knows; NULL: none of them says whom to ask. Caller frees */
	bool is_missing; /* some of it is to be asked for */
	bool is_unnamed; /* one of its certificates does not say whom to ask */
	time_t until;	 /* while this holds; 0: until the database reports a change */
};
bool status_of_chain(struct connection *connection, const STACK_OF(X509) * chain,
		     struct chain_status *status_r, struct fault *fault);

/* Adds those of the chain that say where to ask and of which nothing is known now to `askings`
 * (struct status_asking), once each, and notes that mail needs the others. */
bool status_missing(struct connection *connection, const STACK_OF(X509) * chain, GPtrArray *askings,
		    struct fault *fault);
/* Leaves them to the courier, from `seconds` from now on. */
bool status_want(struct connection *connection, const GPtrArray *askings, unsigned seconds,
		 struct fault *fault);
/* For a courier: adds up to `most` that are due, and holds them for two minutes. *more_r: there may
 * be more. What mail has not needed for 30 days is put aside. */
bool status_claim(struct connection *connection, unsigned most, GPtrArray *askings, bool *more_r,
		  struct fault *fault);
/* Keeps what was found out. `evidence`: from where; NULL if nothing came. */
bool status_put(struct connection *connection, const struct status_asking *asking,
		const struct verdict *verdict, const char *evidence, struct fault *fault);

/* A CRL that was found to be good, and is in time. */
struct status_list {
	GBytes *content; /* DER; NULL: there is none. Caller frees */
	time_t from;	 /* when it was issued */
	bool is_fresh;	 /* it need not be fetched again yet */
};
bool status_list(struct connection *connection, const char *url, struct status_list *list_r,
		 struct fault *fault);
/* An older one never takes the place of a newer one. */
bool status_put_list(struct connection *connection, const char *url, GBytes *list,
		     const struct verdict *verdict, struct fault *fault);

#endif
