/* Keys and certificates uploaded by strangers. Nothing is passed to gpg here, which is not ours to
 * test. */
#include <stdint.h>
#include <string.h>

#include "keystore/blocks.h"
#include "keystore/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
look_at_openpgp(const struct block *block)
{
	g_autoptr(GBytes) packets = openpgp_unarmoured(block->bytes);
	g_autofree char *fingerprint = openpgp_fingerprint(packets),
			*revoked = openpgp_revoked(packets);
	g_autoptr(GPtrArray) user_ids = g_ptr_array_new_with_free_func(g_free);
	gsize length;
	const unsigned char *bytes = g_bytes_get_data(packets, &length);
	static const unsigned char key_id[8] = {0};
	g_autofree char *why = openpgp_weak_signatures(bytes, length, key_id, user_ids);

	openpgp_ciphers(packets);
	openpgp_is_laborious(packets);
	g_bytes_unref(openpgp_only_for(packets, "ocb@x.example"));
	(void)fingerprint;
	(void)revoked;
	(void)why;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct reading_settings settings = {.gpg_program = "/bin/false"};
	g_autoptr(GPtrArray) blocks = blocks_find(data, size, BLOCKS_STRANGERS_MAX);
	struct reading reading;
	struct fault fault;
	bool has_openpgp = false;

	for (guint i = 0; i < blocks->len; i++)
		has_openpgp |= block_is_openpgp(g_ptr_array_index(blocks, i)) &&
			       look_at_openpgp(g_ptr_array_index(blocks, i));
	if (!has_openpgp) {
		reading_take(&reading, &settings, "it", data, size, &fault);
		reading_clear(&reading);
	}
	return 0;
}
