/*
 * gpg, through GPGME, with a private home and without a user's keyring: the recipients' keys are
 * written there as files from the key store. postseal-gpg runs gpg (core/worker.h), and ends one
 * that hangs.
 */
#ifndef POSTSEAL_DELIVERY_METHODS_PGP_ENCRYPT_H
#define POSTSEAL_DELIVERY_METHODS_PGP_ENCRYPT_H

#include "core/settings.h"
#include "core/worker.h"
#include "delivery/method.h"
#include "keystore/key.h"

/* Prepares the home; call once, before any thread. */
bool gpg_start(const struct settings *settings, struct fault *fault);
/* Encrypts the entity to the keys of the group, and signs it if `signer` is not NULL. Writes
 * armored text with CRLF. */
bool gpg_encrypt(const struct settings *settings, const struct group *group,
		 const struct key *signer, const struct message *message, struct sink *sink,
		 struct fault *fault);

/* --- for decrypt.c --- */

/* Writes gpg's options into an empty folder. */
bool gpg_make_home(const struct settings *settings, const char *home, struct fault *fault);
/* One that may do anything but encrypt; NULL with `fault` filled. */
struct worker *gpg_worker(const struct settings *settings, struct fault *fault);

#endif
