/*
 * The keys that are kept out of the database, in files of mode 0400 in a directory of the admin's
 * (`secrets` in postseal.conf):
 *   master.key   wraps the company's private keys in the key store
 *   courier.key  opens what waits in the outbox and for pick-up (X25519, private)
 *   courier.pub  seals it (mode 0444)
 *   login.key    seals who sent a message between the milter's two passes (milter/login.h), and
 *                what waits for approval until milters decide again (delivery/approval/approval.h)
 *
 * A file holds one key of 32 bytes or, during a rotation, several, one after the other, the oldest
 * first. The database says which of them seals (core/seal/rotation.h); if it says nothing, the
 * first does.
 */
#ifndef POSTSEAL_CORE_SEAL_KEY_FILE_H
#define POSTSEAL_CORE_SEAL_KEY_FILE_H

#include <glib.h>

#include "core/new_file.h"
#include "core/seal/wrap.h"

#define SECRET_MASTER	      "master.key"
#define SECRET_COURIER	      "courier.key"
#define SECRET_COURIER_PUBLIC "courier.pub"
#define SECRET_LOGIN	      "login.key"

enum { KEY_FILE_KEYS_MAX = 8 };

struct key_file {
	unsigned count;
	struct seal_key keys[KEY_FILE_KEYS_MAX];
};

/* Rejects a file that others could read or write. Wipe the result with key_file_clear(). */
bool key_file_read(struct key_file *file_r, const char *directory, const char *name,
		   struct fault *fault);
void key_file_clear(struct key_file *file);
typedef struct key_file key_file_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(key_file_auto, key_file_clear)
/* Replaces the keys in an existing file: after a power failure it has either the old ones or the
 * new ones. Owner and mode are kept. */
bool key_file_replace(const struct key_file *file, const char *directory, const char *name,
		      struct fault *fault);
/* The public half of each key of a courier.key. */
void key_file_public(struct key_file *public_r, const struct key_file *private_keys);

/* Which program reads each file; courier.pub is for all. */
struct secret_owners {
	struct new_file_owner master, login, courier;
};

/* Creates the files that are missing, and the directory if need be; never replaces one. *made_r
 * counts them. */
bool secret_make_missing(const char *directory, const struct secret_owners *owners, int *made_r,
			 struct fault *fault);

#endif
