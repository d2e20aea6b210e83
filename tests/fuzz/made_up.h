/*
 * A simulated database for the portal, linked in place of the real one with --wrap
 * (tests/CMakeLists.txt).
 *
 * Its rows are consistent, so that a request can get as far as with a real one. There is one
 * account (MADE_UP_PASSWORD, a recovery code, an app for codes, a passkey) with its session and
 * mailbox, a message that waits behind a link and a code, and a page for its sender; one cookie
 * belongs to all of them. Randomness and time are fixed, so that what a seed has to know is always
 * the same, and listed below.
 *
 * The first bytes of an input decide everything else: whether a row exists, the state of a session,
 * whether a statement fails.
 */
#ifndef POSTSEAL_TESTS_FUZZ_MADE_UP_H
#define POSTSEAL_TESTS_FUZZ_MADE_UP_H

#include <stddef.h>
#include <stdint.h>

#include "core/seal/wrap.h"

enum { MADE_UP_CHOICES = 16 };

#define MADE_UP_COOKIE	 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define MADE_UP_TOKEN	 "3RYe65HG796fpl1F2WFKTK6Zed_1R2Dw6gyi0gTKdlw" /* the token in its forms */
#define MADE_UP_LINK	 "njzaeBe1U_GPLsxqCKdF44Efvlz6mDbVcxGvTuyKKMY"
#define MADE_UP_CODE	 "1J3M5-P7R9T-J"
#define MADE_UP_PASSWORD "correct horse battery"
#define MADE_UP_RECOVERY "00000-00000-00000-00000-00000"

/* Call once, before anything else that uses randomness. Returns the courier's public key. */
void made_up_start(struct seal_key *courier_r);

/* For the next request; the caller keeps the arguments valid until the call after it. */
void made_up_choose(const uint8_t choices[MADE_UP_CHOICES], const uint8_t *message, size_t size);

#endif
