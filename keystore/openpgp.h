/*
 * Reads OpenPGP keys (RFC 4880, RFC 9580 version 4) with GPGME, in a private home that is removed
 * immediately afterwards.
 */
#ifndef POSTSEAL_KEYSTORE_OPENPGP_H
#define POSTSEAL_KEYSTORE_OPENPGP_H

#include "core/fault.h"
#include "keystore/facts.h"

/* Keys that are already known. What is read is merged with them, so that the newest self-signature
 * counts and a revocation, once seen, is permanent (RFC 9580 §5.2.3.10, §5.2.1.11). */
struct openpgp_known {
	/* Adds GBytes to `contents`: the public keys whose fingerprint ends with `id` (upper-case
	 * hexadecimal). */
	bool (*find)(void *context, const char *id, GPtrArray *contents, struct fault *fault);
	void *context;
};

/* Adds the keys in the blocks (struct block, keystore/blocks.h) to `keys` (struct key_facts), and
 * whatever is not a key to `broken` (char *). A revocation certificate on its own revokes the known
 * key that it is for. Rejects secret keys that have a passphrase: nobody could enter it in a
 * daemon. */
bool openpgp_read(const GPtrArray *blocks, const struct openpgp_known *known,
		  const char *gpg_program, GPtrArray *keys, GPtrArray *broken, struct fault *fault);

/* --- packets (keystore/openpgp_packets.c) --- */

/* "Ann Example <ann@example.com>", or the bare address (RFC 9580 §5.11). Folded; NULL if there is
 * no address. Caller frees. */
char *openpgp_user_id_address(const char *user_id);

/* Of binary public keys, whatever is for the folded address: the user IDs that name it, with the
 * key's own signatures alone, and the subkeys. Other user IDs, pictures and what others certified
 * are left out, and so are keys of which no user ID remains. Caller frees. */
GBytes *openpgp_only_for(GBytes *packets, const char *address);
/* How many packets there are; those behind one that cannot be read do not count. */
size_t openpgp_count_packets(GBytes *packets);

/* Does one of the keys have numbers with which gpg takes seconds to check a single signature, right
 * or wrong? No program makes such a key, and gpg has no limit of its own. */
bool openpgp_is_laborious(GBytes *packets);

/* Why its signatures are too weak for what the key says about itself to be believed, or NULL;
 * caller frees. `key_id` is the last 8 bytes of the fingerprint. Checks the key's newest signature
 * over each user ID and subkey; fills in the user IDs with a strong signature, as their bytes (char
 * *). */
char *openpgp_weak_signatures(const unsigned char *packets, size_t length,
			      const unsigned char key_id[8], GPtrArray *well_signed);
/* Cipher numbers (RFC 9580 §9.3). */
enum { OPENPGP_AES128 = 7, OPENPGP_AES192 = 8, OPENPGP_AES256 = 9 };
/* Bits (1 << number) of the AES ciphers that the key prefers under each of its user IDs; 0: it
 * states no preference, which means AES-128 (RFC 9580 §5.2.3.14). */
unsigned openpgp_ciphers(GBytes *key);
/* GnuPG 2.3 and later writes OCB packets (tag 20) if all keys announce support for them. */
bool openpgp_announces_ocb(GBytes *key);
/* Fingerprint of the binary key's primary key, in upper-case hexadecimal (RFC 9580 §5.5.4.2); NULL
 * if it is not a version 4 key. Caller frees. */
char *openpgp_fingerprint(GBytes *key);
/* If the packets are only a revocation certificate (signature type 0x20), the ID of the key, 16
 * upper-case hexadecimal digits; otherwise NULL. Caller frees. */
char *openpgp_revoked(GBytes *packets);
/* Are there signatures, and no packet of any other kind? */
bool openpgp_are_signatures(GBytes *packets);
/* Removes the armour (RFC 9580 §6.2) from a block; data that is already binary is returned
 * unchanged. Caller frees. */
GBytes *openpgp_unarmoured(GBytes *block);

#endif
