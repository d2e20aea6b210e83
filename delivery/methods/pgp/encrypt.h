/*
 * gpg, through GPGME, with a private home and without a user's keyring: the recipients' keys are
 * written there as files from the key store. postseal-gpg runs gpg (core/worker.h), and ends one
 * that hangs.
 */
#ifndef POSTSEAL_DELIVERY_METHODS_PGP_ENCRYPT_H
#define POSTSEAL_DELIVERY_METHODS_PGP_ENCRYPT_H

#include "core/settings.h"
#include "delivery/method.h"
#include "keystore/key.h"

/* Prepares the home; call once, before any thread. */
bool gpg_start(const struct settings *settings, struct fault *fault);
/* Encrypts the entity to the keys of the group, and signs it if `signer` is not NULL. Writes
 * armored text with CRLF. */
bool gpg_encrypt(const struct settings *settings, const struct group *group,
		 const struct key *signer, const struct message *message, struct sink *sink,
		 struct fault *fault);
/* Decrypts what is in the spool, armored or binary, with our key and no other, and writes what was
 * encrypted. FAULT_INPUT or FAULT_TOO_BIG if the message is at fault. */
bool gpg_decrypt(const struct settings *settings, const struct key *key, const struct spool *sealed,
		 struct sink *sink, struct fault *fault);

#endif
