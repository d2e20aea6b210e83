/* A message from outside: header, MIME structure, text, subject, addresses, payload, layout. */
#include <stdint.h>
#include <stdio.h>

#include "core/spool.h"
#include "mail/mime.h"
#include "mail/entity.h"
#include "mail/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct spool_settings in_memory = {.directory = "/tmp", .memory_max = 1 << 24};

static bool
look(void *visitor, const char *text, size_t length)
{
	(void)visitor;
	if (!g_utf8_validate_len(text, length, NULL))
		abort(); /* the regular expressions rely on it */
	return true;
}

static bool
look_at_field(void *visitor, const char *text, size_t length)
{
	(void)visitor;
	(void)text;
	return length < 100000;
}

static void
ask_all(const struct policy_facts *facts)
{
	const struct policy_part *parts;
	struct policy_protection protection;
	struct fault fault;
	size_t count;

	facts->parts(facts->context, &parts, &count, &fault);
	facts->text(facts->context, look, NULL, &fault);
	facts->protection(facts->context, &protection, &fault);
	facts->headers(facts->context, "Subject", look_at_field, NULL, &fault);
}

static void
seal_payload(const struct message *message, const char *subject)
{
	const struct group group = {.hides_subject = true, .subject = subject};
	struct counting_sink counter;
	struct fault fault;

	counting_sink_init(&counter);
	payload_write(message, &group, &counter.sink, &fault);
}

/* Every part lies within the message, and the layout can be kept. */
static void
check_parts(const GPtrArray *parts, size_t size)
{
	for (guint i = 0; i < parts->len; i++) {
		const struct layout_part *part = g_ptr_array_index(parts, i);

		if (part->offset > size || part->length > size - part->offset || strchr(part->name, '/') != NULL)
			abort();
	}
}

static void
read_as_portal(const uint8_t *data, size_t size)
{
	g_autoptr(spool_auto) raw = spool_new(&in_memory);
	g_autoptr(layout_auto) layout = NULL;
	g_autoptr(layout_auto) again = NULL;
	g_autofree char *text = NULL;
	struct fault fault;

	if (!spool_append(raw, data, size, &fault))
		return;
	layout = layout_new(raw, &fault);
	if (layout == NULL)
		return;
	check_parts(layout->attachments, size);
	check_parts(layout->related, size);
	text = layout_print(layout);
	again = text == NULL ? NULL : layout_parse(text);
	if (again == NULL || again->attachments->len != layout->attachments->len)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings *settings;
	g_autoptr(message_auto) message = message_new(&in_memory);
	g_autofree char *subject = NULL, *from = NULL;
	unsigned char identity[32];
	struct fault fault;
	FILE *file;

	if (settings == NULL) {
		mime_start();
		settings = settings_new();
		settings->parts_max = 1000;
	}
	read_as_portal(data, size);
	file = size == 0 ? NULL : fmemopen((void *)data, size, "r");
	if (file == NULL)
		return 0;
	message_set_sender(message, "<a@b>", NULL);
	if (message_read(message, file, &fault)) {
		g_autoptr(mime_auto) mime = mime_new(message, settings);
		struct policy_facts facts = mime_facts(mime);

		ask_all(&facts);
		subject = mime_subject_without(mime, (const char *const[]){"[x]", "a", NULL});
		from = mime_from(mime);
		g_hash_table_unref(mime_visible(mime));
		message_identity(message, identity);
		seal_payload(message, subject);
	}
	fclose(file);
	return 0;
}
