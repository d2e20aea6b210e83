/* What is sealed: the entity as it stands, and with the header inside. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mail/entity.h"
#include "mail/mime_stream.h"
#include "message_of.h"

static const char *const no_tags[] = {NULL};

/* All that entity_write() gives; caller frees. */
static char *
written(const struct message *message, bool hides_subject)
{
	g_autoptr(spool_auto) spool = spool_new(&(struct spool_settings){.directory = "/tmp", .memory_max = 1 << 26});
	struct entity entity;
	struct fault fault;
	const void *memory;

	entity_init(&entity, message, no_tags, hides_subject);
	assert_true(entity_write(&entity, spool_sink(spool), &fault));
	entity_clear(&entity);
	spool_descriptor(spool, &memory);
	return g_strndup(memory, spool_size(spool));
}

static void
entity_has_the_content_fields_as_they_stand(void **state)
{
	g_autoptr(message_auto) message = message_of(
		"From: a@example.com\nContent-Type: text/plain;\n\tcharset=utf-8\nSubject: x\n\nHi.\n");
	g_autofree char *text = written(message, false);

	(void)state;
	assert_string_equal(text, "Content-Type: text/plain;\r\n\tcharset=utf-8\r\n\r\nHi.\r\n");
}

static void
reading_gives_what_writing_gives(void **state)
{
	g_autoptr(message_auto) message = message_of("Subject: x\nContent-Type: text/plain\n\nHi.\nHo.\n");
	g_autofree char *text = written(message, true);
	g_autoptr(GString) read = g_string_new(NULL);
	struct entity entity;
	struct fault fault;
	char piece[7];
	size_t got;

	(void)state;
	entity_init(&entity, message, no_tags, true);
	do {
		assert_true(entity_read(&entity, piece, sizeof piece, &got, &fault));
		g_string_append_len(read, piece, (gssize)got);
	} while (got > 0);
	entity_clear(&entity);
	assert_string_equal(read->str, text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entity_has_the_content_fields_as_they_stand),
		cmocka_unit_test(reading_gives_what_writing_gives),
	};

	mime_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
