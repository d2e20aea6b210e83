/*
 * Key servers. Whoever can write to one can claim any address; one that verifies addresses (VKS)
 * has a single key for each. If they have several, nobody says which is right, and none is used.
 */
#include "keystore/source/source.h"

static const char *
author(const char *address)
{
	(void)address;
	return "key servers";
}

static void
refuse(struct key *key)
{
	if (key->cannot_encrypt == NULL)
		key->cannot_encrypt = g_strdup(
			"the key servers have several keys for this address, and nobody says which "
			"is right");
}

static bool
find(const struct key_question *question, GPtrArray *keys, struct fault *fault)
{
	const guint before = keys->len;
	guint usable = 0;

	if (!key_source_found(question, keys, fault))
		return false;
	for (guint i = before; i < keys->len; i++)
		usable += key_is_usable(g_ptr_array_index(keys, i), KEY_ENCRYPTS, time(NULL), NULL);
	for (guint i = before; i < keys->len && usable > 1; i++)
		refuse(g_ptr_array_index(keys, i));
	return true;
}

const struct key_source key_source_servers = {
	.name = "servers",
	.find = find,
	.wishes = {[KEY_PGP] = FINDER_SERVERS},
	.author = author,
};
