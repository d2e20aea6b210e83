/*
 * What all sessions of the milter share: the current policy, the database, the key store.
 */
#ifndef POSTSEAL_MILTER_SERVICE_H
#define POSTSEAL_MILTER_SERVICE_H

#include "core/reader/reader.h"
#include "core/seal/ring.h"
#include "keystore/discovery.h"
#include "keystore/revocation.h"
#include "policy/policy.h"

struct service {
	char *config; /* path of postseal.conf */
	struct database *database;
	struct keystore *keystore;
	struct reader *reader;
	struct revocation_inquiry *revocation;
	struct discovery *discovery; /* NULL: no source of keys in the network is in use */
	struct ring *courier;	     /* of courier.pub */
	struct ring *login; /* of login.key, which seals the authenticated user (milter/login.h) */
	struct policy *at_start; /* the policy whose settings were read only at the start */
	GMutex lock;
	struct policy *policy; /* protected by the lock */
	gint messages;	       /* between decision and verdict */
};

/* Reads keys and settings, checks the database and records the policy. Call it while privileges
 * still allow the key files to be read. Takes ownership of the policy. */
bool service_init(struct service *service, const char *config, struct policy *policy,
		  struct fault *fault);
void service_clear(struct service *service);

/* The current policy; caller frees. */
struct policy *service_policy(struct service *service);
/* Loads the file as it is now; if it has errors, keeps the current policy and logs why. */
void service_reload(struct service *service);
/* Waits until no message is between decision and verdict, for at most `seconds`. */
void service_finish(struct service *service, unsigned seconds);

#endif
