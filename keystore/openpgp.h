/*
 * Reading OpenPGP keys (RFC 4880) with GPGME, in a private home that is removed at once.
 */
#ifndef POSTSEAL_KEYSTORE_OPENPGP_H
#define POSTSEAL_KEYSTORE_OPENPGP_H

#include "core/fault.h"
#include "keystore/key.h"

struct openpgp_key {
	char *fingerprint; /* upper-case hexadecimal */
	char *owner;       /* first user ID */
	GPtrArray *addresses; /* folded; of user IDs that are not revoked */
	time_t not_before, not_after;
	char *problem;     /* as in struct key */
	GBytes *content;   /* the public key, binary */
	GBytes *secret;    /* the secret key, or NULL */
};

/* All keys in the bytes, armored or binary: struct openpgp_key, freed by the array.
 * Refuses a secret key that has a passphrase: nobody could type it in a daemon. */
GPtrArray *openpgp_read(const void *bytes, size_t length, const char *gpg_program,
			struct fault *fault);

/* Why its signatures are too weak to believe what the key says of itself, or NULL; the
 * caller's. `key_id` are the last 8 bytes of the fingerprint. Looks at the newest signature
 * of the key over each user ID and subkey; fills in the user IDs that are well signed. */
char *openpgp_weak_signatures(const unsigned char *packets, size_t length,
			      const unsigned char key_id[8], GPtrArray *well_signed);

#endif
