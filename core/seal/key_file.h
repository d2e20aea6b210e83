/*
 * The keys that are not in the database: 32 bytes each, in files of mode 0400 in a
 * directory of the admin (`secrets` in postseal.conf).
 *   master.key   wraps the company's private keys in the key store
 *   courier.key  opens what waits in the outbox (X25519, private)
 *   courier.pub  seals it (mode 0444)
 *   login.key    seals who sent a message between the milter's two passes (milter/login.h)
 */
#ifndef POSTSEAL_CORE_SEAL_KEY_FILE_H
#define POSTSEAL_CORE_SEAL_KEY_FILE_H

#include "core/new_file.h"
#include "core/seal/wrap.h"

#define SECRET_MASTER	      "master.key"
#define SECRET_COURIER	      "courier.key"
#define SECRET_COURIER_PUBLIC "courier.pub"
#define SECRET_LOGIN	      "login.key"

/* Refuses a file that others could read or write. */
bool secret_read(struct seal_key *key_r, const char *directory, const char *name,
		 struct fault *fault);
/* Whose program reads which of them; courier.pub is for all. */
struct secret_owners {
	struct new_file_owner master, login, courier;
};

/* Makes those of them that are missing, in a directory that is made, too; never replaces one.
 * *made_r counts. */
bool secret_make_missing(const char *directory, const struct secret_owners *owners, int *made_r,
			 struct fault *fault);

#endif
