/* Sealed content, wrapped keys and unlock codes: what opens, and what must not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "core/seal/derive.h"
#include "core/seal/content.h"
#include "core/spool.h"
#include "delivery/parcel/unlock_code.h"
#include "delivery/parcel/parcel.h"

static const char owner[] = "01a20d7c-90c6-7637-90e1-6481ec755f5a";

static bool
keep_chunk(void *context, unsigned number, const void *sealed, size_t length, struct fault *fault)
{
	GPtrArray *chunks = context;

	(void)fault;
	assert_int_equal(number, chunks->len);
	g_ptr_array_add(chunks, g_bytes_new(sealed, length));
	return true;
}

static GPtrArray *
seal(const struct seal_key *key, unsigned char *header, const char *content, size_t length)
{
	GPtrArray *chunks = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	struct sealing_sink sealing;
	struct fault fault;

	sealing_sink_init(&sealing, key, owner, header, keep_chunk, chunks);
	for (size_t at = 0; at < length; at += 1000) /* in pieces that do not fit the chunks */
		assert_true(sink_write(&sealing.sink, content + at, MIN((size_t)1000, length - at), &fault));
	assert_true(sink_finish(&sealing.sink, &fault));
	sealing_sink_clear(&sealing);
	return chunks;
}

/* Opens the chunks in the order given; NULL as soon as one does not open or the end is missing. */
static struct spool *
open_chunks(const struct seal_key *key, const unsigned char *header, const char *name,
	    const GPtrArray *chunks)
{
	static const struct spool_settings settings = {.directory = "/tmp", .memory_max = 1 << 20};
	struct spool *spool = spool_new(&settings);
	g_auto(unsealing_auto) unsealing;
	struct fault fault;
	bool good = unsealing_init(&unsealing, key, name, header, SEALING_HEADER_BYTES, &fault);

	for (guint i = 0; good && i < chunks->len; i++) {
		gsize length;
		const unsigned char *bytes = g_bytes_get_data(g_ptr_array_index(chunks, i), &length);

		good = unsealing_chunk(&unsealing, bytes, length, spool_sink(spool), &fault);
	}
	if (good && unsealing.ended)
		return spool;
	spool_free(spool);
	return NULL;
}

static void
content_of_every_length_opens(void **state)
{
	static const size_t lengths[] = {0, 1, 999, SEALING_CHUNK_BYTES - 1, SEALING_CHUNK_BYTES,
					 SEALING_CHUNK_BYTES + 1, 3 * SEALING_CHUNK_BYTES};
	struct seal_key key;
	unsigned char header[SEALING_HEADER_BYTES];

	(void)state;
	randombytes_buf(&key, sizeof key);
	for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
		g_autofree char *content = g_malloc0(lengths[i] + 1);
		g_autofree char *opened = g_malloc0(lengths[i] + 1);
		GPtrArray *chunks;
		struct spool *spool;
		struct fault fault;
		size_t got, at = 0;

		randombytes_buf(content, lengths[i]);
		chunks = seal(&key, header, content, lengths[i]);
		spool = open_chunks(&key, header, owner, chunks);
		assert_non_null(spool);
		assert_int_equal(spool_size(spool), lengths[i]);
		while (spool_read(spool, at, opened + at, lengths[i] - at, &got, &fault) && got > 0)
			at += got;
		assert_memory_equal(content, opened, lengths[i]);
		spool_free(spool);
		g_ptr_array_unref(chunks);
	}
}

static void
changed_content_does_not_open(void **state)
{
	struct seal_key key, other;
	unsigned char header[SEALING_HEADER_BYTES];
	g_autofree char *content = g_malloc0(3 * SEALING_CHUNK_BYTES);
	GPtrArray *chunks, *some;

	(void)state;
	randombytes_buf(&key, sizeof key);
	randombytes_buf(&other, sizeof other);
	chunks = seal(&key, header, content, 3 * SEALING_CHUNK_BYTES);
	assert_int_equal(chunks->len, 4); /* the last is empty */
	assert_null(open_chunks(&other, header, owner, chunks));
	assert_null(open_chunks(&key, header, "another row", chunks));
	header[0] ^= 1;
	assert_null(open_chunks(&key, header, owner, chunks));
	header[0] ^= 1;
	/* Without its end, without its beginning, in another order, one chunk twice. */
	static const int orders[][4] = {{0, 1, 2, -1}, {0, 1, 3, -1}, {1, 2, 3, -1}, {1, 0, 2, 3}, {0, 0, 1, 3}};
	for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
		some = g_ptr_array_new();
		for (int j = 0; j < 4 && orders[i][j] >= 0; j++)
			g_ptr_array_add(some, g_ptr_array_index(chunks, orders[i][j]));
		assert_null(open_chunks(&key, header, owner, some));
		g_ptr_array_unref(some);
	}
	g_ptr_array_unref(chunks);
}

static void
chunk_that_is_cut_does_not_open(void **state)
{
	struct seal_key key;
	unsigned char header[SEALING_HEADER_BYTES];
	GPtrArray *chunks;

	(void)state;
	randombytes_buf(&key, sizeof key);
	chunks = seal(&key, header, "All of it, and nothing else.", 28);
	for (size_t length = 0; length < 28 + SEALING_CHUNK_OVERHEAD; length++) {
		g_autoptr(GPtrArray) cut = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

		g_ptr_array_add(cut, g_bytes_new_from_bytes(g_ptr_array_index(chunks, 0), 0, length));
		assert_null(open_chunks(&key, header, owner, cut));
	}
	g_ptr_array_unref(chunks);
}

/* As a part is read that lies far down. */
static void
content_opens_from_any_chunk_on(void **state)
{
	struct seal_key key;
	unsigned char header[SEALING_HEADER_BYTES];
	g_autofree char *content = g_malloc0(3 * SEALING_CHUNK_BYTES);
	GPtrArray *chunks;

	(void)state;
	randombytes_buf(&key, sizeof key);
	chunks = seal(&key, header, content, 3 * SEALING_CHUNK_BYTES);
	for (unsigned from = 0; from < chunks->len; from++) {
		g_auto(unsealing_auto) unsealing;
		struct counting_sink counter;
		struct fault fault;

		counting_sink_init(&counter);
		assert_true(unsealing_init(&unsealing, &key, owner, header, sizeof header, &fault));
		unsealing.number = from;
		for (unsigned i = from; i < chunks->len; i++) {
			gsize length;
			const unsigned char *bytes = g_bytes_get_data(g_ptr_array_index(chunks, i), &length);

			assert_true(unsealing_chunk(&unsealing, bytes, length, &counter.sink, &fault));
		}
		assert_true(unsealing.ended);
		assert_int_equal(counter.bytes, (3 - from) * SEALING_CHUNK_BYTES);
	}
	g_ptr_array_unref(chunks);
}

static void
wrapped_keys_open_for_their_row_only(void **state)
{
	struct seal_key content, wrapping, opened;
	unsigned char wrapped[SEAL_WRAPPED_BYTES];

	(void)state;
	randombytes_buf(&content, sizeof content);
	randombytes_buf(&wrapping, sizeof wrapping);
	seal_wrap(wrapped, &content, &wrapping, owner);
	assert_true(seal_unwrap(&opened, wrapped, sizeof wrapped, &wrapping, owner));
	assert_memory_equal(&content, &opened, sizeof content);
	assert_false(seal_unwrap(&opened, wrapped, sizeof wrapped, &wrapping, "another row"));
	assert_false(seal_unwrap(&opened, wrapped, sizeof wrapped - 1, &wrapping, owner));
	wrapped[40] ^= 1;
	assert_false(seal_unwrap(&opened, wrapped, sizeof wrapped, &wrapping, owner));
}

static void
link_and_code_are_both_needed(void **state)
{
	struct seal_key link, other_link, right, wrong;
	unsigned char salt[SEAL_SALT_BYTES] = {0};
	struct fault fault;

	(void)state;
	randombytes_buf(&link, sizeof link);
	randombytes_buf(&other_link, sizeof other_link);
	assert_true(seal_derive(&right, &link, "0123456789", salt, &fault));
	assert_true(seal_derive(&wrong, &link, "0123456788", salt, &fault));
	assert_memory_not_equal(&right, &wrong, sizeof right);
	assert_true(seal_derive(&wrong, &other_link, "0123456789", salt, &fault));
	assert_memory_not_equal(&right, &wrong, sizeof right);
	salt[0] = 1;
	assert_true(seal_derive(&wrong, &link, "0123456789", salt, &fault));
	assert_memory_not_equal(&right, &wrong, sizeof right);
}

/* Keys in a database were wrapped under what one library derived; another must derive the same. */
static void
keys_are_derived_as_by_libsodium(void **state)
{
	static const struct {
		const char *secret;
		unsigned passes;
		size_t memory;
	} cases[] = {
		{"", 1, 1 << 20}, {"0123456789", 1, 4 << 20}, {"Pass word \xc3\xa9", 3, 32 << 20}};
	unsigned char salt[DERIVE_SALT_BYTES], ours[SEAL_KEY_BYTES], theirs[SEAL_KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		size_t length = strlen(cases[i].secret);

		randombytes_buf(salt, sizeof salt);
		assert_true(derive_argon2id(ours, sizeof ours, cases[i].secret, length, salt,
					    cases[i].passes, cases[i].memory));
		assert_int_equal(crypto_pwhash(theirs, sizeof theirs, cases[i].secret, length, salt,
					       cases[i].passes, cases[i].memory,
					       crypto_pwhash_ALG_ARGON2ID13),
				 0);
		assert_memory_equal(ours, theirs, sizeof ours);
	}
}

static void
codes_are_read_as_people_type_them(void **state)
{
	struct code made, read;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		g_autofree char *small = NULL, *blanks = NULL;

		code_make(&made);
		assert_int_equal(strlen(made.shown), 13);
		assert_true(code_read(&read, made.shown));
		assert_string_equal(read.symbols, made.symbols);
		small = g_ascii_strdown(made.shown, -1);
		g_strdelimit(small, "0", 'o');
		g_strdelimit(small, "1", i % 2 == 0 ? 'l' : 'I');
		blanks = g_strconcat("  ", small, "\r\n", NULL);
		g_strdelimit(blanks, "-", ' ');
		assert_true(code_read(&read, blanks));
		assert_string_equal(read.symbols, made.symbols);
	}
	assert_false(code_read(&read, ""));
	assert_false(code_read(&read, "7KQ2M"));
	assert_false(code_read(&read, "UUUUU-UUUUU-U"));
	assert_false(code_read(&read, "00000-00000-00000-00000-00000-00000"));
	assert_false(code_read(&read, "7KQ2M-9XW3P-\xc3\xbc"));
}

/* Every wrong symbol and every exchange of neighbours is told from a wrong code. */
static void
typing_slips_are_told_from_wrong_codes(void **state)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	struct code made, read;

	(void)state;
	for (int i = 0; i < 200; i++) {
		code_make(&made);
		for (int place = 0; place < 13; place++) {
			char typed[CODE_SHOWN_BYTES];

			memcpy(typed, made.shown, sizeof typed);
			if (typed[place] == '-')
				continue;
			for (const char *symbol = alphabet; *symbol != '\0'; symbol++) {
				typed[place] = *symbol;
				assert_int_equal(code_read(&read, typed), *symbol == made.shown[place]);
			}
		}
		for (int place = 0; place < CODE_SYMBOLS - 1; place++) {
			char typed[CODE_SYMBOLS + 2];

			g_snprintf(typed, sizeof typed, "%s%c", made.symbols, made.shown[12]);
			typed[place] = made.symbols[place + 1];
			typed[place + 1] = made.symbols[place];
			assert_int_equal(code_read(&read, typed), typed[place] == typed[place + 1]);
		}
	}
}

static void
links_that_are_none_have_no_hash(void **state)
{
	unsigned char hash[SEAL_DIGEST_BYTES];

	(void)state;
	assert_true(parcel_link_hash("Hg7bXIZysIky8gwLE8xwjv9gQDMLIvhW4wEmSmLj5_c", hash));
	assert_false(parcel_link_hash("", hash));
	assert_false(parcel_link_hash("Hg7bXIZysIky8gwLE8xwjv9gQDMLIvhW4wEmSmLj5_", hash));
	assert_false(parcel_link_hash("Hg7bXIZysIky8gwLE8xwjv9gQDMLIvhW4wEmSmLj5_cc", hash));
	assert_false(parcel_link_hash("Hg7bXIZysIky8gwLE8xwjv9gQDMLIvhW4wEmSmLj5/c", hash));
	assert_false(parcel_link_hash("Hg7bXIZysIky8gwLE8xwjv9gQDMLIvhW4wEmSmLj5\xff_", hash));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_of_every_length_opens),
		cmocka_unit_test(changed_content_does_not_open),
		cmocka_unit_test(chunk_that_is_cut_does_not_open),
		cmocka_unit_test(content_opens_from_any_chunk_on),
		cmocka_unit_test(wrapped_keys_open_for_their_row_only),
		cmocka_unit_test(link_and_code_are_both_needed),
		cmocka_unit_test(keys_are_derived_as_by_libsodium),
		cmocka_unit_test(codes_are_read_as_people_type_them),
		cmocka_unit_test(typing_slips_are_told_from_wrong_codes),
		cmocka_unit_test(links_that_are_none_have_no_hash),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
