/*
 * What S/MIME and OpenPGP have in common: whom a copy is sealed to, and who signs it.
 */
#ifndef POSTSEAL_DELIVERY_METHODS_RECIPIENT_KEYS_H
#define POSTSEAL_DELIVERY_METHODS_RECIPIENT_KEYS_H

#include "delivery/method.h"

/* Takes the keys that the copy's recipient has now into the copy. *possible_r: there are any;
 * else *why_r says why not, in words about `what` ("certificate"), caller frees. */
bool recipient_keys_take(const struct surroundings *around, struct copy *copy, enum key_kind kind,
			 const char *what, bool *possible_r, char **why_r, struct fault *fault);
/* Time has passed since they were looked up: are all keys of the group usable still? */
bool recipient_keys_check(const struct group *group, const char *what, struct fault *fault);
/* The signer's key where it may sign: a signature is for the author that readers see. NULL: nobody
 * signs. */
const struct key *author_key(const struct surroundings *around,
			     const struct keystore_signer *signer);
/* For the record, after the reason for the method: ", signed by 1a2b…" or ", not signed: …"; caller
 * frees. "" where the signer was not looked for. */
char *author_reason(const struct surroundings *around, const struct keystore_signer *signer);

#endif
