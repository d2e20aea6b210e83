/*
 * What an import changes if a recipient already had a key, for example when a partner has a new
 * certificate: whether mail is now encrypted to the new one, and to which others in addition.
 */
#ifndef POSTSEAL_ADMIN_KEY_CHANGE_H
#define POSTSEAL_ADMIN_KEY_CHANGE_H

#include "admin/command.h"
#include "keystore/import.h"

/* Adds `used`, `beside` and `replaced` to the key's row, and sentences to `text`. With `replaces`,
 * keys that the new one can replace are deleted, once mail is encrypted to it. */
bool key_change_tell(const struct admin *admin, const struct imported *key, bool replaces,
		     json_t *row, GString *text, struct fault *fault);

#endif
