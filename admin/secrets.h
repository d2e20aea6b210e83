/*
 * Rotation of the key files master.key, courier.key and login.key, on one node or several, while
 * mail flows. Each command may be killed at any moment and repeated.
 */
#ifndef POSTSEAL_ADMIN_SECRETS_H
#define POSTSEAL_ADMIN_SECRETS_H

#include "admin/command.h"
#include "core/seal/key_file.h"

extern const struct command secrets_commands[];

/* The public half of the courier's key that is in use, which needs no rights on courier.key. */
bool secrets_courier(const struct admin *admin, struct connection *connection,
		     struct seal_key *key_r, struct fault *fault);

/* The master key that is in use, which wraps private keys. */
bool secrets_master(const struct admin *admin, struct seal_key *key_r, struct fault *fault);

#endif
