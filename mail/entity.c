#include "mail/entity.h"

#include <string.h>

#include "mail/content_type.h"
#include "mail/hidden_subject.h"
#include "mail/legacy_display.h"
#include "mail/subject_tags.h"

/* Fields that belong to the transport do not travel inside. */
static bool
is_of_transport(const struct field *field)
{
	static const char *const names[] = {"Received",	    "Return-Path", "DKIM-Signature",
					    "MIME-Version", "HP-Outer",	   NULL};

	return field_is_one_of(field, names) || field_is_never_sent(field);
}

/* Records what replaces the field outside (HP-Outer, RFC 9788 §2.2). */
static void
append_outer(GString *head, const char *name, const char *value)
{
	g_autofree char *outer = g_strconcat(" ", name, ":", value, NULL);
	const struct field field = {(char *)"HP-Outer", outer};

	field_append(head, &field);
}

/* The first Subject is replaced, and all others are left out. */
static void
append_subject(GString *head, const struct field *field, bool is_first, const char *const *tags)
{
	g_autofree char *without = subject_tags_remove(field->value, tags);
	const struct field inner = {field->name, without == NULL ? field->value : without};

	field_append(head, &inner);
	if (is_first)
		append_outer(head, field->name, ENTITY_OUTER_SUBJECT);
}

/* Readers take the field inside for the true one. */
static void
append_added(GString *head, const GPtrArray *added)
{
	for (guint i = 0; i < added->len; i++) {
		const struct field *field = g_ptr_array_index(added, i);

		field_append(head, field);
		append_outer(head, field->name, field->value);
	}
}

static void
append_fields(GString *head, const struct message *message, const char *const *tags,
	      const GPtrArray *added)
{
	const struct field *subject = message_field(message, "Subject");
	struct hidden_subject hidden;

	hidden_subject_init(&hidden, message);
	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);

		if (field_is_content(field) || is_of_transport(field) || field_is_in(field, added))
			continue;
		if (field_is(field, "Subject")) {
			append_subject(head, field, field == subject, tags);
			continue;
		}
		field_append(head, field);
		if (!hidden_subject_is_told(&hidden, field))
			append_outer(head, field->name, field->value);
	}
	append_added(head, added);
	hidden_subject_clear(&hidden);
}

/* --- the head --- */

/* Older programs, Thunderbird among them, know header protection by another name. */
static void
append_content_type(GString *head, const struct field *field, bool has_element)
{
	const char *const parameters[] = {"protected-headers=\"v1\"", "hp=\"cipher\"",
					  has_element ? LEGACY_DISPLAY_PARAMETER : NULL, NULL};
	g_autofree char *value =
		content_type_with(field == NULL ? NULL : field->value, parameters, "\r\n");
	const struct field marked = {(char *)"Content-Type", value};

	field_append(head, &marked);
}

static void
append_content(GString *head, const struct message *message, bool has_element)
{
	const struct field *type = message_field(message, "Content-Type");

	append_content_type(head, type, has_element);
	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);

		if (field != type && field_is_content(field))
			field_append(head, field);
	}
	g_string_append(head, "\r\n");
}

static void
protect(struct entity *entity, const struct message *message, const char *const *tags,
	const GPtrArray *added)
{
	g_autofree char *subject = subject_tags_shown(message, tags);
	struct legacy_display display = {0};

	entity->head = g_string_new(NULL);
	append_fields(entity->head, message, tags, added);
	if (message_field(message, "Subject") != NULL)
		legacy_display_make(&display, message, subject);
	append_content(entity->head, message, display.is_in_root);
	if (display.beginning != NULL)
		g_string_append_len(entity->head, display.beginning->str,
				    (gssize)display.beginning->len);
	entity->body_from = display.replaced;
	legacy_display_clear(&display);
}

void
entity_init(struct entity *entity, const struct message *message, const char *const *tags,
	    const GPtrArray *added, bool hides_subject)
{
	*entity = (struct entity){.body = message->body};
	if (hides_subject)
		protect(entity, message, tags, added);
	else
		entity->head = message_entity_header(message);
}

void
entity_clear(struct entity *entity)
{
	g_string_free(entity->head, TRUE);
}

bool
entity_write(const struct entity *entity, struct sink *sink, struct fault *fault)
{
	return sink_write(sink, entity->head->str, entity->head->len, fault) &&
	       spool_copy(entity->body, entity->body_from, sink, fault);
}

bool
entity_read(struct entity *entity, void *data, size_t length, size_t *got_r, struct fault *fault)
{
	const GString *head = entity->head;

	if (entity->at < head->len) {
		*got_r = MIN(length, head->len - (size_t)entity->at);
		memcpy(data, head->str + entity->at, *got_r);
	} else if (!spool_read(entity->body, entity->body_from + entity->at - head->len, data,
			       length, got_r, fault)) {
		return false;
	}
	entity->at += *got_r;
	return true;
}
