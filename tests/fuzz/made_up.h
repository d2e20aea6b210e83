/*
 * A portal's database, made up: linked in its place with --wrap (tests/CMakeLists.txt).
 *
 * Its rows fit together, so that a request can come as far as with a real one. There are one
 * account (MADE_UP_PASSWORD, a recovery code, an app for codes, a passkey), its session and
 * mailbox, a message that waits behind a link and a code, and a page for its sender; one cookie
 * belongs to all of them. Chance and time stand still, so that what a seed must know is always the
 * same, and stands below.
 *
 * The first bytes of an input decide what is otherwise open: whether a row is there, of which
 * state a session is, whether a statement fails.
 */
#ifndef POSTSEAL_TESTS_FUZZ_MADE_UP_H
#define POSTSEAL_TESTS_FUZZ_MADE_UP_H

#include <stddef.h>
#include <stdint.h>

#include "core/seal/wrap.h"

enum { MADE_UP_CHOICES = 16 };

#define MADE_UP_COOKIE	 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define MADE_UP_TOKEN	 "3RYe65HG796fpl1F2WFKTK6Zed_1R2Dw6gyi0gTKdlw" /* of its forms */
#define MADE_UP_LINK	 "njzaeBe1U_GPLsxqCKdF44Efvlz6mDbVcxGvTuyKKMY"
#define MADE_UP_CODE	 "1J3M5-P7R9T-J"
#define MADE_UP_PASSWORD "correct horse battery"
#define MADE_UP_RECOVERY "00000-00000-00000-00000-00000"

/* Once, before anything else that takes chance. The courier's public key is returned. */
void made_up_start(struct seal_key *courier_r);

/* For the next request; what is given stays the caller's, until the one after it. */
void made_up_choose(const uint8_t choices[MADE_UP_CHOICES], const uint8_t *message, size_t size);

#endif
