/*
 * The names under which the portal publishes employees' OpenPGP keys in the Web Key Directory
 * (draft-koch-openpgp-webkey-service §3.1).
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_DIRECTORY_H
#define POSTSEAL_KEYSTORE_KEEPER_DIRECTORY_H

#include "keystore/keeper/issuer.h"

/* SHA-1 of the folded address's local part, in z-base-32: 32 characters. Caller frees. */
char *directory_hash(const char *address);
/* Adds the addresses that have a key and no entry yet. */
bool directory_fill(const struct issuing *issuing, struct fault *fault);

#endif
