/* What servers in the network returned: the attributes of a directory's entry, an answer on its way
 * to postseal-keyreader and back, and the certificates in it. The first byte chooses. OpenPGP is
 * only cut to what is for the address: gpg is not ours to test. */
#include <stdint.h>
#include <string.h>

#include "keystore/finder.h"
#include "keystore/finder/directory_values.h"
#include "keystore/found_judge.h"
#include "keystore/found_wire.h"
#include "keystore/openpgp.h"
#include "keystore/upload_judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ADDRESS "bob@partner.example"

static void
read_signed_data(GBytes *bytes)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

	directory_values_add_signed_data(items, bytes);
	directory_values_add_signed_data(items, bytes);
	g_assert_true(items->len <= FINDER_ITEMS_MAX + 1);
}

/* What was read is sent on as it was. */
static void
read_files(GBytes *bytes)
{
	g_autoptr(GVariant) value = NULL;
	g_autoptr(GBytes) again = NULL;
	struct found_files files;

	if (!found_files_unpack(bytes, &files, &value))
		return;
	again = found_files_pack(&files);
	g_assert_true(g_bytes_get_size(again) <= g_bytes_get_size(bytes) + 16);
	g_ptr_array_unref((GPtrArray *)files.items);
	g_ptr_array_unref((GPtrArray *)files.known);
}

static void
read_keys(GBytes *bytes)
{
	struct fault fault = {0};
	g_autofree char *why = NULL, *same_why = NULL;
	g_autoptr(GPtrArray) keys = found_keys_unpack(bytes, &why, &fault), same = NULL;
	g_autoptr(GBytes) again = NULL;

	if (keys == NULL)
		return;
	again = found_keys_pack(keys, why, &fault);
	same = found_keys_unpack(again, &same_why, &fault);
	g_assert_true(same != NULL && same->len == keys->len);
}

static void
read_upload(GBytes *bytes)
{
	struct upload_file file;

	if (upload_file_unpack(bytes, &file))
		g_assert_true(file.length <= g_bytes_get_size(bytes));
}

static void
read_verdict(GBytes *bytes)
{
	struct fault fault = {0};
	struct key_facts *facts = upload_verdict_unpack(bytes, &fault);

	g_clear_pointer(&facts, key_facts_free);
}

static void
judge_certificates(GBytes *bytes)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new(), known = g_ptr_array_new();
	struct found_item item = {.bytes = bytes, .is_pinned = true};
	const struct found_files files = {
		.kind = KEY_SMIME, .address = ADDRESS, .items = items, .known = known};
	struct fault fault = {0};
	g_autofree char *why = NULL;
	g_autoptr(GPtrArray) keys = NULL;

	g_ptr_array_add(items, &item);
	keys = found_judge(&files, &why, &fault);
	for (guint i = 0; keys != NULL && i < keys->len; i++) {
		const struct found_key *key = g_ptr_array_index(keys, i);

		g_assert_true(key->facts->not_after != 0 && key->facts->secret == NULL);
	}
}

/* Cutting it a second time leaves nothing out. */
static void
cut_openpgp(GBytes *bytes)
{
	g_autoptr(GBytes) packets = openpgp_unarmoured(bytes);
	g_autoptr(GBytes) cut = openpgp_only_for(packets, ADDRESS);
	g_autoptr(GBytes) again = openpgp_only_for(cut, ADDRESS);

	g_assert_true(g_bytes_equal(cut, again));
	g_assert_true(openpgp_count_packets(cut) <= openpgp_count_packets(packets));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(GBytes *) = {
		read_signed_data, read_files,	      read_keys,  read_upload,
		read_verdict,	  judge_certificates, cut_openpgp};
	g_autoptr(GBytes) bytes = NULL;

	if (size == 0)
		return 0;
	bytes = g_bytes_new(data + 1, size - 1);
	readers[data[0] % G_N_ELEMENTS(readers)](bytes);
	return 0;
}
