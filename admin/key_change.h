/*
 * What an import changes where a recipient had a key already, as when a partner has a new
 * certificate: whether mail is encrypted to the new one now, and to which others besides.
 */
#ifndef POSTSEAL_ADMIN_KEY_CHANGE_H
#define POSTSEAL_ADMIN_KEY_CHANGE_H

#include "admin/command.h"
#include "keystore/import.h"

/* Adds `used`, `beside` and `replaced` to the row of the key, and sentences to `text`. With
 * `replaces`, keys that it can take the place of are deleted, once mail is encrypted to it. */
bool key_change_tell(const struct admin *admin, const struct imported *key, bool replaces,
		     json_t *row, GString *text, struct fault *fault);

#endif
