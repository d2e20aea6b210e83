/* The message, its entity and identity, base64 in lines, the spool, addresses, faults. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "core/address.h"
#include "mail/message.h"
#include "mail/mime.h"
#include "mail/entity.h"

static const struct spool_settings in_memory = {.directory = "/tmp", .memory_max = 1 << 20};

/* As the MTA gives them: texts that are not changed. */
#define PARAMETERS(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})

static struct message *
simple(const char *id, const char *body)
{
	struct message *message = message_new(&in_memory);
	struct fault fault;

	message_set_sender(message, "<Anna@Example.COM>", PARAMETERS("RET=HDRS", "ENVID=a+20b", "SMTPUTF8"));
	message_add_recipient(message, "<bob@example.net>", PARAMETERS("NOTIFY=NEVER", "orcpt=rfc822;x"));
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
entity_has_the_content_fields_as_they_stand(void **state)
{
	g_autoptr(message_auto) message = simple(" <1@x>", "Hi.\r\n");
	g_autoptr(spool_auto) spool = spool_new(&in_memory);
	const struct group as_it_is = {.hides_subject = false};
	struct fault fault;
	const void *memory;

	(void)state;
	assert_true(payload_write(message, &as_it_is, spool_sink(spool), &fault));
	spool_descriptor(spool, &memory);
	assert_int_equal(spool_size(spool), strlen("Content-Type: text/plain;\r\n\tcharset=utf-8\r\n\r\nHi.\r\n"));
	assert_memory_equal(memory, "Content-Type: text/plain;\r\n\tcharset=utf-8\r\n\r\nHi.\r\n", spool_size(spool));
}

static void
identity_is_that_of_sender_id_and_body(void **state)
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

static void
tags_leave_the_subject(void **state)
{
	g_autoptr(message_auto) message = simple(" <1@x>", "Hi.\r\n");
	struct settings *settings = settings_new();
	g_autoptr(mime_auto) mime = mime_new(message, settings);
	g_autofree char *without = mime_subject_without(mime, (const char *const[]){"[SECURE]", NULL});

	(void)state;
	assert_string_equal(mime_subject(mime), "Grüße [secure]");
	assert_string_equal(without, " =?UTF-8?b?R3LDvMOfZQ==?=");
	assert_null(mime_subject_without(mime, (const char *const[]){"[other]", NULL}));
	assert_null(mime_subject_without(mime, (const char *const[]){"", NULL}));
	settings_free(settings);
}

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
			const void *text;
			gsize out_length;
			g_autofree char *copy = NULL;

			base64_sink_init(&encoder, spool_sink(spool));
			for (size_t at = 0; at < length; at += piece)
				assert_true(sink_write(&encoder.sink, data + at, MIN(piece, length - at), &fault));
			assert_true(sink_finish(&encoder.sink, &fault));
			spool_descriptor(spool, &text);
			copy = g_strndup(text == NULL ? "" : text, spool_size(spool));
			for (char *line = strtok(copy, "\r\n"); line != NULL; line = strtok(NULL, "\r\n"))
				assert_true(strlen(line) <= 76);
			g_free(copy);
			copy = g_strndup(text == NULL ? "" : text, spool_size(spool));
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

static void
spool_is_the_same_in_memory_and_in_a_file(void **state)
{
	static const struct spool_settings on_disk = {.directory = "/tmp", .memory_max = 10, .size_max = 5000};
	g_autoptr(spool_auto) spool = spool_new(&on_disk);
	struct fault fault = {0};
	char data[100], read[100];
	const void *memory;
	size_t got;

	(void)state;
	for (int i = 0; i < 50; i++) {
		memset(data, 'a' + i % 26, sizeof data);
		assert_true(spool_append(spool, data, sizeof data, &fault));
	}
	assert_true(spool_descriptor(spool, &memory) >= 0);
	assert_true(spool_read(spool, 4950, read, sizeof read, &got, &fault));
	assert_int_equal(got, 50);
	assert_int_equal(read[0], 'a' + 49 % 26);
	assert_false(spool_append(spool, "x", 1, &fault));
	assert_int_equal(fault.cause, FAULT_TOO_BIG);
	assert_false(fault_is_temporary(&fault));
}

static void
spool_that_cannot_write_is_a_temporary_fault(void **state)
{
	static const struct spool_settings nowhere = {.directory = "/nowhere", .memory_max = 1};
	g_autoptr(spool_auto) spool = spool_new(&nowhere);
	struct fault fault = {0};

	(void)state;
	assert_false(spool_append(spool, "xx", 2, &fault));
	assert_true(fault_is_temporary(&fault));
	assert_non_null(strstr(fault.text, "/nowhere"));
}

/* The limit that the kernel puts on the size of a file stands for a disk that is full for a moment. */
static void
spool_that_failed_once_is_never_taken_for_whole(void **state)
{
	static const struct spool_settings on_disk = {.directory = "/tmp", .memory_max = 1};
	g_autoptr(spool_auto) spool = spool_new(&on_disk);
	const struct rlimit small = {.rlim_cur = 150, .rlim_max = RLIM_INFINITY};
	const struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
	struct fault fault = {0};
	char data[100] = {0};
	size_t got;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_true(spool_append(spool, data, sizeof data, &fault));
	assert_true(spool_check(spool, &fault));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_false(spool_append(spool, data, sizeof data, &fault));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_false(spool_append(spool, data, sizeof data, &fault));
	assert_false(spool_read(spool, 0, data, sizeof data, &got, &fault));
	fault = (struct fault){0};
	assert_false(spool_check(spool, &fault));
	assert_true(fault_is_temporary(&fault));
	assert_non_null(strstr(fault.text, "File too large"));
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

static void
addresses_fold(void **state)
{
	static const char *const pairs[][2] = {
		{"<Anna@Example.COM>", "anna@example.com"},
		{"J\xc3\x96RG@b\xc3\xbc" "cher.example", "j\xc3\xb6rg@xn--bcher-kva.example"},
		{"\"a@b\"@Example.com", "\"a@b\"@example.com"},
		{"Example.COM", "example.com"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autofree char *folded = address_fold(pairs[i][0]);

		assert_string_equal(folded, pairs[i][1]);
	}
	assert_true(address_is_valid("a@b"));
	assert_false(address_is_valid("a\r\nb@c"));
	assert_false(address_is_valid("@b"));
	assert_false(address_is_valid("a@"));
}

/* Found by fuzzing: the heap was overwritten when a domain was not UTF-8. */
static void
domain_that_is_not_utf8_is_only_bytes(void **state)
{
	static const char *const domains[] = {"7IQ[2Mc-9\xff****\xff\xff\xff.XWxn@@@\xe2@", "a@\xf0", "a@xn--\xe2\x82",
					      "a@\xc3.\xc3.\xc3"};

	(void)state;
	for (int round = 0; round < 1000; round++)
		for (size_t i = 0; i < G_N_ELEMENTS(domains); i++) {
			g_autofree char *folded = address_fold(domains[i]);

			assert_int_equal(strlen(folded), strlen(domains[i]));
		}
}

static void
message_is_read_from_a_file(void **state)
{
	static const char text[] = "From: a@example.com\nSubject: one\n two\n\nbody\n.\nlast";
	g_autoptr(message_auto) message = message_new(&in_memory);
	g_autofree char *subject = NULL;
	FILE *file = fmemopen((void *)text, sizeof text - 1, "r");
	struct fault fault;
	const void *memory;

	(void)state;
	assert_true(message_read(message, file, &fault));
	fclose(file);
	subject = message_field_text(message, "subject");
	assert_string_equal(subject, "one two");
	spool_descriptor(message->body, &memory);
	assert_memory_equal(memory, "body\r\n.\r\nlast", spool_size(message->body));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(envelope_keeps_its_parameters),
		cmocka_unit_test(entity_has_the_content_fields_as_they_stand),
		cmocka_unit_test(identity_is_that_of_sender_id_and_body),
		cmocka_unit_test(tags_leave_the_subject),
		cmocka_unit_test(base64_is_the_same_however_it_is_cut),
		cmocka_unit_test(spool_is_the_same_in_memory_and_in_a_file),
		cmocka_unit_test(spool_that_cannot_write_is_a_temporary_fault),
		cmocka_unit_test(spool_that_failed_once_is_never_taken_for_whole),
		cmocka_unit_test(sink_that_failed_once_cannot_be_finished),
		cmocka_unit_test(addresses_fold),
		cmocka_unit_test(domain_that_is_not_utf8_is_only_bytes),
		cmocka_unit_test(message_is_read_from_a_file),
	};

	mime_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
