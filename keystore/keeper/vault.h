/*
 * The keeper's side: the company's private keys, opened with the master key and held only in this
 * process. S/MIME keys sign and decrypt here; OpenPGP keys are given to a gpg-agent of our own
 * (agent.h), and deleted from it when they are deleted from the store.
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_VAULT_H
#define POSTSEAL_KEYSTORE_KEEPER_VAULT_H

#include "core/database.h"
#include "core/seal/ring.h"
#include "keystore/keeper.h"

struct vault;

/* `master` is the ring of master.key. `listen` says how to learn of changed keys. */
struct vault *vault_new(struct database *database, const struct database_settings *listen,
			struct ring *master);
void vault_free(struct vault *vault);

/* Signs the digest of the request. */
bool vault_sign(struct vault *vault, const struct keeper_request *request,
		struct keeper_reply *reply, struct fault *fault);
/* Opens the content key of a message (keystore/keeper.h). */
bool vault_unwrap(struct vault *vault, const struct keeper_request *request,
		  struct keeper_reply *reply, struct fault *fault);
/* Gives an OpenPGP key to the agent, unless the agent already has it: of one that was revoked, or
 * whose owner has left, only what decrypts. */
bool vault_prepare(struct vault *vault, const char *fingerprint, struct fault *fault);

#endif
