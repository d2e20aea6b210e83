#include "keystore/found_judge.h"

#include <string.h>

#include "keystore/blocks.h"
#include "keystore/openpgp.h"
#include "keystore/reading.h"

/* --- OpenPGP --- */

/* Keys, user IDs with the address, subkeys and own signatures together: gpg takes minutes for ten
 * thousand of them. */
enum { PACKETS_MAX = 1000 };

/* What of all items is for the address, as one binary keyring; NULL if there is nothing. */
static GBytes *
keyring_for(const struct found_files *files)
{
	g_autoptr(GByteArray) all = g_byte_array_new();

	for (guint i = 0; i < files->items->len; i++) {
		const struct found_item *item = g_ptr_array_index(files->items, i);
		gsize length;
		const void *bytes = g_bytes_get_data(item->bytes, &length);
		g_autoptr(GPtrArray) blocks = blocks_find(bytes, length, BLOCKS_STRANGERS_MAX);

		for (guint j = 0; j < blocks->len; j++) {
			const struct block *block = g_ptr_array_index(blocks, j);
			g_autoptr(GBytes) packets = NULL, wanted = NULL;

			if (!block_is_openpgp(block) || !block->is_whole)
				continue;
			packets = openpgp_unarmoured(block->bytes);
			wanted = openpgp_only_for(packets, files->address);
			if (openpgp_is_laborious(wanted))
				continue;
			g_byte_array_append(all, g_bytes_get_data(wanted, NULL),
					    (guint)g_bytes_get_size(wanted));
		}
	}
	return all->len == 0 ? NULL : g_byte_array_free_to_bytes(g_steal_pointer(&all));
}

static bool
find_known(void *context, const char *id, GPtrArray *contents, struct fault *fault)
{
	const GPtrArray *known = context;

	(void)fault;
	for (guint i = 0; i < known->len; i++) {
		GBytes *content = g_ptr_array_index(known, i);
		g_autofree char *fingerprint = openpgp_fingerprint(content);

		if (fingerprint != NULL && g_str_has_suffix(fingerprint, id))
			g_ptr_array_add(contents, g_bytes_ref(content));
	}
	return true;
}

static bool
read_openpgp(const struct found_files *files, GPtrArray *keys, struct fault *fault)
{
	g_autoptr(GBytes) keyring = keyring_for(files);
	g_autoptr(GPtrArray) blocks = g_ptr_array_new();
	g_autoptr(GPtrArray) broken = g_ptr_array_new_with_free_func(g_free);
	const struct openpgp_known known = {.find = find_known, .context = (void *)files->known};
	struct block block = {.label = (char *)"OpenPGP", .bytes = keyring, .is_whole = true};

	if (keyring == NULL)
		return true;
	if (openpgp_count_packets(keyring) > PACKETS_MAX)
		return fault_set(fault, FAULT_INPUT,
				 "the OpenPGP keys for this address have more than %d user IDs, "
				 "subkeys and signatures",
				 PACKETS_MAX);
	g_ptr_array_add(blocks, &block);
	return openpgp_read(blocks, &known, files->gpg_program, keys, broken, fault);
}

/* --- certificates --- */

/* An item that cannot be read is passed over: the others may be good. */
static void
read_certificates(const struct found_item *item, GPtrArray *keys)
{
	const struct reading_settings settings = {.is_foreign = true};
	gsize length;
	const void *bytes = g_bytes_get_data(item->bytes, &length);
	struct reading reading = {0};
	struct fault fault;

	if (reading_take(&reading, &settings, "a certificate", bytes, length, &fault))
		while (reading.keys->len > 0)
			g_ptr_array_add(keys, g_ptr_array_steal_index(reading.keys, 0));
	reading_clear(&reading);
}

/* --- both --- */

static bool
is_taken(const struct found_files *files, const struct key_facts *facts, const GPtrArray *found)
{
	if (facts->kind != files->kind || facts->is_authority || facts->secret != NULL ||
	    g_bytes_get_size(facts->content) > FOUND_KEY_BYTES_MAX ||
	    !g_ptr_array_find_with_equal_func(facts->addresses, files->address, g_str_equal, NULL))
		return false;
	for (guint i = 0; i < found->len; i++)
		if (strcmp(((const struct found_key *)g_ptr_array_index(found, i))
				   ->facts->fingerprint,
			   facts->fingerprint) == 0)
			return false;
	return true;
}

/* Takes ownership of the facts. */
static void
take(const struct found_files *files, GPtrArray *keys, bool is_pinned, GPtrArray *found)
{
	while (keys->len > 0) {
		struct key_facts *facts = g_ptr_array_steal_index(keys, 0);
		struct found_key *key;

		if (!is_taken(files, facts, found)) {
			key_facts_free(facts);
			continue;
		}
		key = g_new(struct found_key, 1);
		*key = (struct found_key){.facts = facts, .is_pinned = is_pinned};
		g_ptr_array_add(found, key);
	}
}

GPtrArray *
found_judge(const struct found_files *files, char **why_r, struct fault *fault)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)found_key_free);
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_facts_free);

	*why_r = NULL;
	for (guint i = 0; i < files->items->len && files->kind == KEY_SMIME; i++) {
		const struct found_item *item = g_ptr_array_index(files->items, i);

		read_certificates(item, keys);
		take(files, keys, item->is_pinned, found);
	}
	if (files->kind == KEY_PGP && !read_openpgp(files, keys, fault))
		return NULL;
	take(files, keys, false, found);
	if (found->len > FOUND_KEYS_MAX) {
		fault_set(fault, FAULT_INPUT, "there are more than %d keys for this address",
			  FOUND_KEYS_MAX);
		return NULL;
	}
	if (found->len == 0)
		*why_r = g_strdup(files->kind == KEY_PGP
					  ? "what is there has no user ID with this address"
					  : "what is there is no certificate for this address");
	return g_steal_pointer(&found);
}
