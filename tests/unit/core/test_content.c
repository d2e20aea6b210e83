/* Sealed content: what can be opened, and what must not be. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "core/seal/content.h"
#include "core/spool.h"

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
	for (size_t at = 0; at < length; at += 1000) /* in pieces that do not match the chunks */
		assert_true(sink_write(&sealing.sink, content + at, MIN((size_t)1000, length - at),
				       &fault));
	assert_true(sink_finish(&sealing.sink, &fault));
	sealing_sink_clear(&sealing);
	return chunks;
}

/* Opens the chunks in the given order; NULL as soon as one cannot be opened or the end is missing.
 */
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
		const unsigned char *bytes =
			g_bytes_get_data(g_ptr_array_index(chunks, i), &length);

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
	static const size_t lengths[] = {0,
					 1,
					 999,
					 SEALING_CHUNK_BYTES - 1,
					 SEALING_CHUNK_BYTES,
					 SEALING_CHUNK_BYTES + 1,
					 3 * SEALING_CHUNK_BYTES};
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
	/* Without its end, without its beginning, in a different order, with one chunk twice. */
	static const int orders[][4] = {
		{0, 1, 2, -1}, {0, 1, 3, -1}, {1, 2, 3, -1}, {1, 0, 2, 3}, {0, 0, 1, 3}};
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
		g_autoptr(GPtrArray) cut =
			g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

		g_ptr_array_add(cut,
				g_bytes_new_from_bytes(g_ptr_array_index(chunks, 0), 0, length));
		assert_null(open_chunks(&key, header, owner, cut));
	}
	g_ptr_array_unref(chunks);
}

/* The way a part near the end of a message is read. */
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
			const unsigned char *bytes =
				g_bytes_get_data(g_ptr_array_index(chunks, i), &length);

			assert_true(
				unsealing_chunk(&unsealing, bytes, length, &counter.sink, &fault));
		}
		assert_true(unsealing.ended);
		assert_int_equal(counter.bytes, (3 - from) * SEALING_CHUNK_BYTES);
	}
	g_ptr_array_unref(chunks);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_of_every_length_opens),
		cmocka_unit_test(changed_content_does_not_open),
		cmocka_unit_test(chunk_that_is_cut_does_not_open),
		cmocka_unit_test(content_opens_from_any_chunk_on),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
