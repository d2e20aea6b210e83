/*
 * What a source returned (keystore/found_judge.h) as bytes, on the way to postseal-keyreader, and
 * the keys in it on the way back.
 */
#ifndef POSTSEAL_KEYSTORE_FOUND_WIRE_H
#define POSTSEAL_KEYSTORE_FOUND_WIRE_H

#include "core/fault.h"
#include "keystore/found.h"

/* All callers free. */
GBytes *found_files_pack(const struct found_files *files);
/* False if it is not that; otherwise items and known are the caller's, the rest is valid for as
 * long as *value_r, which the caller frees. */
bool found_files_unpack(GBytes *bytes, struct found_files *files_r, GVariant **value_r);

/* `keys` NULL: the answer is the fault. */
GBytes *found_keys_pack(const GPtrArray *keys, const char *why, const struct fault *fault);
/* As found_judge() returns them. */
GPtrArray *found_keys_unpack(GBytes *bytes, char **why_r, struct fault *fault);

#endif
