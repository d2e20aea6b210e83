/* The message as the MTA offers it: envelope, fields, identity; and reading one from a file. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "mail/message.h"
#include "mail/message_sink.h"
#include "tests/unit/spooled.h"

static const struct spool_settings in_memory = {.directory = "/tmp", .memory_max = 1 << 20};

/* As the MTA passes them: texts that are not changed. */
#define PARAMETERS(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})

static struct message *
simple(const char *id, const char *body)
{
	struct message *message = message_new(&in_memory);
	struct fault fault;

	const struct envelope_argument from = {
		.path = "<Anna@Example.COM>",
		.parameters = PARAMETERS("RET=HDRS", "ENVID=a+20b", "SMTPUTF8")};
	const struct envelope_argument to = {.path = "<bob@example.net>",
					     .parameters =
						     PARAMETERS("NOTIFY=NEVER", "orcpt=rfc822;x")};

	assert_true(message_set_sender(message, &from, &fault));
	assert_true(message_add_recipient(message, &to, &fault));
	message_add_field(message, "From", " Anna <anna@example.com>");
	if (id != NULL)
		message_add_field(message, "Message-ID", id);
	message_add_field(message, "Content-Type", " text/plain;\n\tcharset=utf-8");
	message_add_field(message, "Subject", " =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n [secure]");
	assert_true(message_add_body(message, body, strlen(body), &fault));
	return message;
}

static void
envelope_keeps_its_parameters(void **state)
{
	g_autoptr(message_auto) message = simple(" <1@x>", "Hi.\r\n");
	const struct recipient *recipient = g_ptr_array_index(message->recipients, 0);

	(void)state;
	assert_string_equal(message->sender, "Anna@Example.COM");
	assert_string_equal(message->sender_folded, "anna@example.com");
	assert_string_equal(message->ret, "HDRS");
	assert_string_equal(message->envid, "a+20b");
	assert_true(message->smtputf8);
	assert_string_equal(recipient->notify, "NEVER");
	assert_string_equal(recipient->orcpt, "rfc822;x");
}

static void
identity_is_that_of_sender_written_fields_and_body(void **state)
{
	unsigned char first[32], again[32], other[32];
	g_autoptr(message_auto) a = simple(" <1@x>", "Hi.\r\n");
	g_autoptr(message_auto) b = simple("\t<1@x> ", "Hi.\r\n");
	g_autoptr(message_auto) c = simple(" <2@x>", "Hi.\r\n");
	g_autoptr(message_auto) d = simple(" <1@x>", "Ho.\r\n");
	g_autoptr(message_auto) e = simple(NULL, "Hi.\r\n");
	g_autoptr(message_auto) f = simple(NULL, "Hi.\r\n");

	(void)state;
	message_identity(a, first);
	message_identity(b, again);
	assert_memory_equal(first, again, sizeof first);
	message_identity(c, other);
	assert_memory_not_equal(first, other, sizeof first);
	message_identity(d, other);
	assert_memory_not_equal(first, other, sizeof first);
	message_identity(e, first);
	message_identity(f, again);
	assert_memory_equal(first, again, sizeof first);
	message_add_field(f, "Date", " Tue, 24 Nov 2026 12:00:00 +0000");
	message_identity(f, again);
	assert_memory_not_equal(first, again, sizeof first);
}

/* A message that someone corrects and sends again is not the one that failed, whatever its
 * Message-ID; what a machine adds on the way does not make it a different message. */
static void
corrected_message_was_taken_for_the_one_before(void **state)
{
	unsigned char first[32], other[32];
	g_autoptr(message_auto) a = simple(" <1@x>", "Hi.\r\n");
	g_autoptr(message_auto) b = simple(" <1@x>", "Hi.\r\n");

	(void)state;
	message_add_field(a, "Subject", " Figures");
	message_add_field(b, "SUBJECT", " Figures\n ");
	message_add_field(b, "Received", " by mx.example; Tue, 24 Nov 2026 12:00:00 +0000");
	message_add_field(b, "DKIM-Signature", " v=1; t=1");
	message_identity(a, first);
	message_identity(b, other);
	assert_memory_equal(first, other, sizeof first);
	message_add_field(b, "Subject", " [secure] Figures");
	message_identity(b, other);
	assert_memory_not_equal(first, other, sizeof first);
}

static void
message_is_read_from_a_file(void **state)
{
	static const char text[] = "From: a@example.com\nSubject: one\n two\n\nbody\n.\nlast";
	g_autoptr(message_auto) message = message_new(&in_memory);
	g_autofree char *subject = NULL;
	FILE *file = fmemopen((void *)text, sizeof text - 1, "r");
	g_autofree char *body = NULL;
	struct fault fault;

	(void)state;
	assert_true(message_read(message, file, &fault));
	fclose(file);
	subject = message_field_text(message, "subject");
	assert_string_equal(subject, "one two");
	body = spooled_text(message->body);
	assert_string_equal(body, "body\r\n.\r\nlast");
}

/* Header and body as bytes, in pieces of some length; NULL: the sink refused it. */
static struct message *
read_in_pieces(const char *text, size_t length, size_t piece)
{
	g_autoptr(message_auto) message = message_new(&in_memory);
	struct message_sink reader;
	struct fault fault;
	bool good = true;

	message_sink_init(&reader, message);
	for (size_t at = 0; good && at < length; at += piece)
		good = sink_write(&reader.sink, text + at, MIN(piece, length - at), &fault);
	good = good && sink_finish(&reader.sink, &fault);
	message_sink_clear(&reader);
	return good ? g_steal_pointer(&message) : NULL;
}

static void
sink_reads_what_was_written_byte_by_byte(void **state)
{
	static const char text[] =
		"From: a@b.example\r\nSubject:no blank\r\n\tand more\r\nX-Cr: x\ry\r\r\n"
		"\r\nfirst\r\n\r\nbare\nand \0 zero";
	const size_t length = sizeof text - 1;

	(void)state;
	for (size_t piece = 1; piece <= length; piece++) {
		g_autoptr(message_auto) message = read_in_pieces(text, length, piece);
		g_autoptr(GString) header = g_string_new(NULL);
		g_autofree char *body = g_malloc(length);
		struct fault fault;
		size_t got;

		assert_non_null(message);
		assert_int_equal(message->fields->len, 3);
		for (guint i = 0; i < message->fields->len; i++)
			field_append(header, g_ptr_array_index(message->fields, i));
		assert_memory_equal(header->str, text, header->len);
		assert_int_equal(message->header_size, header->len);
		assert_true(spool_read(message->body, 0, body, length, &got, &fault));
		assert_int_equal(header->len + 2 + got, length);
		assert_memory_equal(body, text + header->len + 2, got);
	}
}

static void
sink_wants_a_whole_header(void **state)
{
	(void)state;
	assert_null(read_in_pieces("From: a\r\n", 9, 4));
	assert_null(read_in_pieces("no field\r\n\r\n", 12, 12));
	assert_null(read_in_pieces(" continued\r\n\r\n", 14, 14));
	assert_null(read_in_pieces("", 0, 1));
	message_free(read_in_pieces("\r\n", 2, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sink_reads_what_was_written_byte_by_byte),
		cmocka_unit_test(sink_wants_a_whole_header),
		cmocka_unit_test(envelope_keeps_its_parameters),
		cmocka_unit_test(identity_is_that_of_sender_written_fields_and_body),
		cmocka_unit_test(corrected_message_was_taken_for_the_one_before),
		cmocka_unit_test(message_is_read_from_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
