/*
 * Reads what a source in the network returned for an address, in postseal-keyreader: which of it
 * are keys of that address, and what they say about themselves. Nothing else of it is kept.
 */
#ifndef POSTSEAL_KEYSTORE_FOUND_JUDGE_H
#define POSTSEAL_KEYSTORE_FOUND_JUDGE_H

#include "core/fault.h"
#include "keystore/found.h"

/* The keys and certificates (struct found_key, freed by the array) that are the address's; may be
 * empty, then *why_r says why; caller frees. NULL with `fault` filled if gpg could not be run. */
GPtrArray *found_judge(const struct found_files *files, char **why_r, struct fault *fault);

#endif
