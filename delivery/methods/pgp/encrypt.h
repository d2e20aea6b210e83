/*
 * gpg, through GPGME, with a private home and no keyring of users: the key files of the
 * recipients are written there from the key store. postseal-gpg runs it (core/worker.h), and ends
 * one that hangs.
 */
#ifndef POSTSEAL_DELIVERY_METHODS_PGP_ENCRYPT_H
#define POSTSEAL_DELIVERY_METHODS_PGP_ENCRYPT_H

#include "core/settings.h"
#include "delivery/method.h"
#include "keystore/key.h"

/* Makes the home ready; once, before threads. */
bool gpg_start(const struct settings *settings, struct fault *fault);
/* Encrypts the entity to the keys of the group, signed where `signer` is not NULL. Writes
 * armored text with CRLF. */
bool gpg_encrypt(const struct settings *settings, const struct group *group,
		 const struct key *signer, const struct message *message, struct sink *sink,
		 struct fault *fault);

#endif
