/* Base64 in lines. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "core/spool.h"
#include "tests/unit/spooled.h"

static const struct spool_settings in_memory = {.directory = "/tmp", .memory_max = 1 << 20};

static void
base64_is_the_same_however_it_is_cut(void **state)
{
	unsigned char data[1000];

	(void)state;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (unsigned char)(i * 7);
	for (size_t length = 0; length < sizeof data; length += 41) {
		for (size_t piece = 1; piece < 200; piece += 28) {
			g_autoptr(spool_auto) spool = spool_new(&in_memory);
			struct base64_sink encoder;
			struct fault fault;
			gsize out_length;
			g_autofree char *copy = NULL;

			base64_sink_init(&encoder, spool_sink(spool));
			for (size_t at = 0; at < length; at += piece)
				assert_true(sink_write(&encoder.sink, data + at,
						       MIN(piece, length - at), &fault));
			assert_true(sink_finish(&encoder.sink, &fault));
			copy = spooled_text(spool);
			for (char *line = strtok(copy, "\r\n"); line != NULL;
			     line = strtok(NULL, "\r\n"))
				assert_true(strlen(line) <= 76);
			g_free(copy);
			copy = spooled_text(spool);
			if (*copy != '\0') {
				g_base64_decode_inplace(copy, &out_length);
				assert_int_equal(out_length, length);
				assert_memory_equal(copy, data, length);
			} else {
				assert_int_equal(length, 0);
			}
		}
	}
}

static bool
fail_once(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct counting_sink *counter = (struct counting_sink *)sink;

	(void)data;
	counter->bytes += length;
	return counter->bytes != length || fault_set(fault, FAULT_STORAGE, "once");
}

static void
sink_that_failed_once_cannot_be_finished(void **state)
{
	struct counting_sink behind = {.sink = {.write = fail_once}};
	struct base64_sink encoder;
	struct fault fault = {0};
	char line[BASE64_LINE_BYTES] = {0};

	(void)state;
	base64_sink_init(&encoder, &behind.sink);
	assert_false(sink_write(&encoder.sink, line, sizeof line, &fault));
	assert_false(sink_write(&encoder.sink, line, sizeof line, &fault));
	assert_false(sink_finish(&encoder.sink, &fault));
	assert_true(fault_is_temporary(&fault));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_is_the_same_however_it_is_cut),
		cmocka_unit_test(sink_that_failed_once_cannot_be_finished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
