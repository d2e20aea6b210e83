/*
 * Reading OpenPGP keys (RFC 4880, RFC 9580 version 4) with GPGME, in a private home that is removed
 * at once.
 */
#ifndef POSTSEAL_KEYSTORE_OPENPGP_H
#define POSTSEAL_KEYSTORE_OPENPGP_H

#include "core/fault.h"
#include "keystore/facts.h"

/* Keys that are known already. What is read is merged with them, so that the newest self-signature
 * counts and a revocation, once seen, stays (RFC 9580 §5.2.3.10, §5.2.1.11). */
struct openpgp_known {
	/* Adds GBytes to `contents`: the public keys whose fingerprint ends with `id` (capital
	 * hexadecimal). */
	bool (*find)(void *context, const char *id, GPtrArray *contents, struct fault *fault);
	void *context;
};

/* Adds the keys in the blocks (struct block, keystore/blocks.h) to `keys` (struct key_facts), and
 * what is none to `broken` (char *). A revocation certificate alone revokes the known key that it
 * is for. Refuses a secret key that has a passphrase: nobody could type it in a daemon. */
bool openpgp_read(const GPtrArray *blocks, const struct openpgp_known *known,
		  const char *gpg_program, GPtrArray *keys, GPtrArray *broken, struct fault *fault);

/* --- packets (keystore/openpgp_packets.c) --- */

/* Why its signatures are too weak to believe what the key says of itself, or NULL; caller frees.
 * `key_id` are the last 8 bytes of the fingerprint. Looks at the newest signature of the key over
 * each user ID and subkey; fills in the user IDs that are well signed, as their bytes (char *). */
char *openpgp_weak_signatures(const unsigned char *packets, size_t length,
			      const unsigned char key_id[8], GPtrArray *well_signed);
/* Numbers of ciphers (RFC 9580 §9.3). */
enum { OPENPGP_AES128 = 7, OPENPGP_AES192 = 8, OPENPGP_AES256 = 9 };
/* Bits (1 << number) of the AES ciphers that the key prefers under each of its user IDs; 0: it
 * tells of none, and AES-128 is meant (RFC 9580 §5.2.3.14). */
unsigned openpgp_ciphers(GBytes *key);
/* GnuPG 2.3 and later writes OCB packets (tag 20) where all keys announce that they read them. */
bool openpgp_announces_ocb(GBytes *key);
/* Of the binary key's primary key, capital hexadecimal (RFC 9580 §5.5.4.2); NULL: it is none of
 * version
 * 4. Caller frees. */
char *openpgp_fingerprint(GBytes *key);
/* Where the packets are a revocation certificate alone (signature type 0x20), the ID of the key, 16
 * capital hexadecimal digits; else NULL. Caller frees. */
char *openpgp_revoked(GBytes *packets);
/* A block of armour (RFC 9580 §6.2) without it; what is binary already, as it is. Caller frees. */
GBytes *openpgp_unarmoured(GBytes *block);

#endif
