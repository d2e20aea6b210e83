/*
 * What the company's own authority does without being asked, on a thread of the keeper: revocation
 * lists, keys on first use, renewals. It wakes when the database says that something was revoked or
 * wished for, and once a minute.
 *
 * In the keeper and not in the courier, since only the keeper can use these keys: the courier,
 * which talks to the network, needs no way to ask for any. Several keepers may do it at once.
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_AUTHORITY_ROUNDS_H
#define POSTSEAL_KEYSTORE_KEEPER_AUTHORITY_ROUNDS_H

#include "keystore/keeper/issuer.h"

struct authority_rounds;

/* `issuing` must outlive the result. */
struct authority_rounds *authority_rounds_start(const struct issuing *issuing,
						const struct database_settings *listen);
void authority_rounds_stop(struct authority_rounds *rounds);

#endif
