/*
 * What all sessions of the milter share: the policy in force, the database, the key store.
 */
#ifndef POSTSEAL_MILTER_SERVICE_H
#define POSTSEAL_MILTER_SERVICE_H

#include "core/seal/wrap.h"
#include "keystore/keystore.h"
#include "policy/policy.h"

struct service {
	char *config; /* path of postseal.conf */
	struct database *database;
	struct keystore *keystore;
	struct seal_key courier; /* public */
	struct seal_key login;	 /* seals who authenticated (milter/login.h) */
	struct policy *at_start; /* whose settings were read once and for all */
	GMutex lock;
	struct policy *policy; /* under the lock */
	gint messages;	       /* that are between decision and verdict */
};

/* Reads keys and settings, looks at the database and puts the policy on record. Call it with
 * the rights that reading the key files needs. Takes the policy. */
bool service_init(struct service *service, const char *config, struct policy *policy,
		  struct fault *fault);
void service_clear(struct service *service);

/* The policy in force; caller frees. */
struct policy *service_policy(struct service *service);
/* Puts the file in force as it is now, or keeps the policy and logs why. */
void service_reload(struct service *service);
/* Waits until no message is between decision and verdict, at most `seconds`. */
void service_finish(struct service *service, unsigned seconds);

#endif
