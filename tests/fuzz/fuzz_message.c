/* A message from outside: header, MIME structure, text, names, opaque parts, subject, addresses,
 * entity, layout, what is signed in the clear. */
#include <stdint.h>
#include <stdio.h>

#include "core/spool.h"
#include "delivery/facts.h"
#include "delivery/signable.h"
#include "mail/addresses.h"
#include "mail/content_type.h"
#include "mail/entity.h"
#include "mail/flowed.h"
#include "mail/html_text.h"
#include "mail/layout.h"
#include "mail/mime_stream.h"
#include "mail/seven_bit.h"
#include "mail/subject_tags.h"

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

static bool
look_at_part(void *visitor, const char *name, const char *type)
{
	(void)visitor;
	(void)name;
	if (type == NULL)
		abort();
	return true;
}

static void
ask_all(const struct policy_facts *facts)
{
	struct policy_protection protection;
	struct policy_opaque opaque;
	struct fault fault;

	facts->parts(facts->context, look_at_part, NULL, &fault);
	facts->text(facts->context, look, NULL, &fault);
	if (facts->opaque(facts->context, &opaque, &fault) && opaque.names && !opaque.text)
		abort();
	facts->protection(facts->context, &protection, &fault);
	facts->headers(facts->context, "Subject", false, look_at_field, NULL, &fault);
	facts->headers(facts->context, "Subject", true, look_at_field, NULL, &fault);
}

static void
seal(const struct message *message, const char *const *tags)
{
	g_autoptr(GPtrArray) added = g_ptr_array_new_with_free_func((GDestroyNotify)field_free);
	struct counting_sink counter;
	struct entity entity;
	struct fault fault;

	g_ptr_array_add(added, field_new("X-Class", " internal"));
	counting_sink_init(&counter);
	entity_init(&entity, message, tags, added, true);
	entity_write(&entity, &counter.sink, &fault);
	entity_clear(&entity);
}

/* What is signed in the clear is in 7 bits, whatever came in. */
static void
sign(const struct message *message)
{
	g_autoptr(spool_auto) out = spool_new(&in_memory);
	g_autoptr(GString) header = g_string_new(NULL);
	struct signable *signable = signable_new(message, &in_memory, 1000);
	const char *why_not = NULL;
	struct fault fault;
	bool is_so = true;

	if (signable_find(signable, &why_not, &fault) && why_not == NULL &&
	    (!signable_write(signable, spool_sink(out), &fault) ||
	     !seven_bit_is(header, out, &is_so, &fault) || !is_so))
		abort();
	signable_free(signable);
}

/* However the input is divided, the result is the same text, and no longer than the input. */
static void
read_as_page(const char *data, size_t size, enum html_view view)
{
	g_autoptr(GString) whole = g_string_new(NULL), pieces = g_string_new(NULL);
	struct html_text html;

	html_text_init(&html, view);
	html_text_step(&html, data, size, whole);
	html_text_end(&html, whole);
	html_text_clear(&html);
	html_text_init(&html, view);
	for (size_t i = 0; i < size; i++)
		html_text_step(&html, data + i, 1, pieces);
	html_text_end(&html, pieces);
	html_text_clear(&html);
	if (!g_string_equal(whole, pieces) || whole->len > 3 * size + 3)
		abort();
}

/* Adding a parameter a second time changes nothing. */
static void
read_as_type(const uint8_t *data, size_t size)
{
	static const char *const parameters[] = {"hp=\"cipher\"", NULL};
	g_autofree char *value = g_strndup((const char *)data, MIN(size, 2000));
	g_autofree char *once = content_type_with(value, parameters, "\n");
	g_autofree char *twice = content_type_with(once, parameters, "\n");

	if (strcmp(once, twice) != 0)
		abort();
}

static void
read_as_flowed(const char *data, size_t size)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct flowed flowed;

	flowed_init(&flowed, size % 2 == 0);
	flowed_step(&flowed, data, size, text);
	flowed_end(&flowed, text);
	flowed_clear(&flowed);
	if (text->len > 2 * size + 2)
		abort();
}

/* Every part is inside the message, and the layout can be stored. */
static void
check_parts(const GPtrArray *parts, size_t size)
{
	for (guint i = 0; i < parts->len; i++) {
		const struct layout_part *part = g_ptr_array_index(parts, i);

		if (part->offset > size || part->length > size - part->offset ||
		    strchr(part->name, '/') != NULL)
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
	check_parts(layout->body, size);
	text = layout_print(layout);
	again = text == NULL ? NULL : layout_parse(text);
	if (again == NULL || again->attachments->len != layout->attachments->len)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const tags[] = {"[x]", "a", NULL};
	static struct settings *settings;
	g_autoptr(message_auto) message = message_new(&in_memory);
	g_autofree char *subject = NULL, *from = NULL;
	unsigned char identity[32];
	struct fault fault;
	FILE *file;

	if (settings == NULL) {
		mime_start();
		settings = settings_new();
		settings->limit_parts = 1000;
	}
	read_as_portal(data, size);
	read_as_page((const char *)data, size, HTML_WIDE);
	read_as_page((const char *)data, size, HTML_NARROW);
	read_as_type(data, size);
	read_as_flowed((const char *)data, size);
	file = size == 0 ? NULL : fmemopen((void *)data, size, "r");
	if (file == NULL)
		return 0;
	message_set_sender(message, &(struct envelope_argument){.path = "<a@example.com>"}, &fault);
	if (message_read(message, file, &fault)) {
		const struct documents_settings documents = {.reader = NULL};
		struct facts facts;

		facts_init(&facts, message, settings, &documents, NULL);
		ask_all(&facts.policy);
		facts_clear(&facts);
		subject = subject_tags_shown(message, tags);
		from = addresses_from(message);
		g_hash_table_unref(addresses_visible(message));
		message_identity(message, identity);
		seal(message, tags);
		sign(message);
	}
	fclose(file);
	return 0;
}
