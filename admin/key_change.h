/*
 * What an import changes if a recipient already had a key, for example when a partner has a new
 * certificate: whether mail is now encrypted to the new one, and to which others in addition.
 */
#ifndef POSTSEAL_ADMIN_KEY_CHANGE_H
#define POSTSEAL_ADMIN_KEY_CHANGE_H

#include "admin/command.h"
#include "keystore/import.h"

struct key_change {
	const struct admin *admin;
	struct keystore *keystore; /* sees each import that was committed before it is asked */
	bool replaces; /* keys that a new one can replace are deleted, once mail is encrypted to it
			*/
};

/* Adds `used`, `beside`, `replaced` and `taken_over` to the key's row, and sentences to `text`. */
bool key_change_tell(const struct key_change *change, const struct imported *key, json_t *row,
		     GString *text, struct fault *fault);

#endif
