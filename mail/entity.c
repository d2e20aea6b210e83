#include "mail/entity.h"

#include <string.h>

#include "mail/legacy_display.h"
#include "mail/mime.h"

/* Of the transport, or for it: they do not travel within. */
static bool
is_of_transport(const struct field *field)
{
	static const char *const names[] = {
		"Received",	  "Return-Path",  "Bcc",      "Resent-Bcc",
		"DKIM-Signature", "MIME-Version", "HP-Outer", NULL};

	for (const char *const *name = names; *name != NULL; name++)
		if (g_ascii_strcasecmp(field->name, *name) == 0)
			return true;
	return g_ascii_strncasecmp(field->name, "X-Postseal-", 11) == 0;
}

static bool
is_subject(const struct field *field)
{
	return g_ascii_strcasecmp(field->name, "Subject") == 0;
}

bool
payload_hides(const struct field *field)
{
	return g_ascii_strcasecmp(field->name, "Comments") == 0 ||
	       g_ascii_strcasecmp(field->name, "Keywords") == 0;
}

/* The field as it stands within, and as it stands outside (HP-Outer, RFC 9788 §2.2). */
static void
append_protected(GString *head, const struct field *field, const char *subject)
{
	const bool hidden = is_subject(field);
	const struct field inner = {field->name,
				    hidden && subject != NULL ? (char *)subject : field->value};
	g_autofree char *outer_value = NULL;
	struct field outer = {(char *)"HP-Outer", NULL};

	field_append(head, &inner);
	if (payload_hides(field))
		return;
	outer_value = g_strconcat(" ", field->name, ":",
				  hidden ? PAYLOAD_OUTER_SUBJECT : field->value, NULL);
	outer.value = outer_value;
	field_append(head, &outer);
}

/* --- the head --- */

static void
append_content_type(GString *head, const struct field *field, bool has_element)
{
	g_autofree char *value =
		g_strconcat(field == NULL ? " text/plain; charset=us-ascii" : field->value,
			    ";\n hp=\"cipher\"", has_element ? LEGACY_DISPLAY_PARAMETER : "", NULL);
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
append_fields(GString *head, const struct message *message, const char *subject)
{
	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);

		if (field_is_content(field) || is_of_transport(field))
			continue;
		append_protected(head, field, subject);
		if (is_subject(field))
			subject = NULL;
	}
}

static void
protect(struct payload *payload, const struct message *message, const struct group *group)
{
	g_autofree char *shown = mime_subject_shown(message, group->subject);
	/* Encoded words may hide line ends. */
	g_autofree char *subject = g_strdelimit(g_utf8_make_valid(shown, -1), "\r\n", ' ');
	struct legacy_display display = {0};

	payload->head = g_string_new(NULL);
	append_fields(payload->head, message, group->subject);
	if (group->subject != NULL || message_field(message, "Subject") != NULL)
		legacy_display_make(&display, message, subject);
	append_content(payload->head, message, display.is_in_root);
	if (display.beginning != NULL)
		g_string_append_len(payload->head, display.beginning->str,
				    (gssize)display.beginning->len);
	payload->body_from = display.replaced;
	legacy_display_clear(&display);
}

void
payload_init(struct payload *payload, const struct message *message, const struct group *group)
{
	*payload = (struct payload){0};
	if (group->hides_subject)
		protect(payload, message, group);
	else
		payload->head = message_entity_header(message);
}

void
payload_clear(struct payload *payload)
{
	g_string_free(payload->head, TRUE);
}

bool
payload_write(const struct message *message, const struct group *group, struct sink *sink,
	      struct fault *fault)
{
	struct payload payload;
	bool written;

	payload_init(&payload, message, group);
	written = sink_write(sink, payload.head->str, payload.head->len, fault) &&
		  spool_copy(message->body, payload.body_from, sink, fault);
	payload_clear(&payload);
	return written;
}
