/* What a reader sees of a message, for the rules that ask for it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

#include "mail/mime_stream.h"
#include "mail/text.h"
#include "message_of.h"

static bool
collect(void *visitor, const char *text, size_t length)
{
	g_string_append_len(visitor, text, (gssize)length);
	return true;
}

/* Promise 1: a read error was taken for the end of the text, and rules saw nothing. */
static void
text_that_cannot_be_read_is_a_fault(void **state)
{
	static const struct spool_settings on_disk = {.directory = "/tmp", .memory_max = 1};
	g_autofree char *body = g_strnfill(300000, 'x');

	(void)state;
	for (off_t left = 0; left < 300000; left += 60000) {
		g_autoptr(message_auto) message = message_new(&on_disk);
		g_autoptr(parts_auto) parts = parts_new(message, 10);
		g_autoptr(GString) text = g_string_new(NULL);
		struct fault fault = {0};
		const void *memory;

		message_add_field(message, "Content-Type", " text/plain; charset=utf-8");
		assert_true(message_add_body(message, body, 300000, &fault));
		assert_true(text_each(parts, collect, text, &fault));
		assert_int_equal(ftruncate(spool_descriptor(message->body, &memory), left), 0);
		assert_false(text_each(parts, collect, text, &fault));
		assert_true(fault_is_temporary(&fault));
		assert_int_equal(fault.cause, FAULT_STORAGE);
	}
}

/* In a file, where a read of nothing is not the end of it. */
static void
parts_in_a_file_are_read_to_their_ends(void **state)
{
	static const struct spool_settings on_disk = {.directory = "/tmp", .memory_max = 1};
	g_autoptr(message_auto) message = message_new(&on_disk);
	g_autoptr(parts_auto) parts = parts_new(message, 20000);
	g_autoptr(GString) body = g_string_new(NULL), text = g_string_new(NULL);
	struct fault fault = {0};

	(void)state;
	for (int i = 0; i < 9000; i++)
		g_string_append_printf(body, "--b\r\n\r\n%d\r\n", i);
	g_string_append(body, "--b--\r\n");
	message_add_field(message, "Content-Type", " multipart/mixed; boundary=b");
	assert_true(message_add_body(message, body->str, body->len, &fault));
	assert_true(text_each(parts, collect, text, &fault));
	assert_true(g_str_has_suffix(text->str, "8999"));
}

/* The same while it is parsed. */
static void
structure_that_cannot_be_read_is_a_fault(void **state)
{
	static const struct spool_settings on_disk = {.directory = "/tmp", .memory_max = 1};
	static const char body[] = "--b\r\n\r\none\r\n--b\r\nContent-Type: image/vnd.dwg; name=a.dwg\r\n\r\ntwo\r\n--b--\r\n";

	(void)state;
	for (off_t left = 0; left < (off_t)sizeof body - 1; left += 7) {
		g_autoptr(message_auto) message = message_new(&on_disk);
		g_autoptr(parts_auto) parts = parts_new(message, 10);
		struct fault fault = {0};
		const struct part *list;
		const void *memory;
		size_t count;

		message_add_field(message, "Content-Type", " multipart/mixed; boundary=b");
		assert_true(message_add_body(message, body, sizeof body - 1, &fault));
		assert_int_equal(ftruncate(spool_descriptor(message->body, &memory), left), 0);
		assert_false(parts_list(parts, &list, &count, &fault));
		assert_int_equal(fault.cause, FAULT_STORAGE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_that_cannot_be_read_is_a_fault),
		cmocka_unit_test(parts_in_a_file_are_read_to_their_ends),
		cmocka_unit_test(structure_that_cannot_be_read_is_a_fault),
	};

	mime_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
