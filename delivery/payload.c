#include "delivery/payload.h"

#include <gmime/gmime.h>
#include <string.h>

/* Of the transport, or for it: they do not travel within. */
static bool
is_of_transport(const struct field *field)
{
	static const char *const names[] = {"Received", "Return-Path", "Bcc", "Resent-Bcc", "DKIM-Signature",
					    "MIME-Version", "HP-Outer", NULL};

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
	return g_ascii_strcasecmp(field->name, "Comments") == 0 || g_ascii_strcasecmp(field->name, "Keywords") == 0;
}

/* The field as it stands within, and as it stands outside (HP-Outer, RFC 9788 §2.2). */
static void
append_protected(GString *head, const struct field *field, const char *subject)
{
	const bool hidden = is_subject(field);
	const struct field inner = {field->name, hidden && subject != NULL ? (char *)subject : field->value};
	g_autofree char *outer_value = NULL;
	struct field outer = {(char *)"HP-Outer", NULL};

	field_append(head, &inner);
	if (payload_hides(field))
		return;
	outer_value = g_strconcat(" ", field->name, ":", hidden ? PAYLOAD_OUTER_SUBJECT : field->value, NULL);
	outer.value = outer_value;
	field_append(head, &outer);
}

/* --- the legacy display element (RFC 9788 §5.2) --- */

/* The character set of the message where it is plain text, else NULL; the caller's. */
static char *
plain_charset(const struct message *message)
{
	g_autofree char *value = message_field_text(message, "Content-Type");
	GMimeContentType *type = g_mime_content_type_parse(NULL, value == NULL ? "text/plain" : value);
	const char *charset = g_mime_content_type_get_parameter(type, "charset");
	char *found = g_mime_content_type_is_type(type, "text", "plain")
			      ? g_strdup(charset == NULL ? "us-ascii" : charset)
			      : NULL;

	g_object_unref(type);
	return found;
}

static GMimeContentEncoding
encoding_of(const struct message *message)
{
	g_autofree char *value = message_field_text(message, "Content-Transfer-Encoding");

	/* Who says nothing may well send 8 bits. */
	return value == NULL ? GMIME_CONTENT_ENCODING_8BIT
			     : g_mime_content_encoding_from_string(g_strstrip(value));
}

/* Encoded so that what follows needs no change: whole lines, and whole groups of base64. */
static char *
encoded(const char *text, GMimeContentEncoding encoding)
{
	GMimeEncoding state;
	size_t length = strlen(text);
	g_autofree char *out = NULL;
	g_auto(GStrv) lines = NULL;

	g_mime_encoding_init_encode(&state, encoding);
	out = g_malloc0(g_mime_encoding_outlen(&state, length) + 1);
	out[g_mime_encoding_flush(&state, text, length, out)] = '\0';
	lines = g_strsplit(out, "\n", -1);
	return g_strjoinv("\r\n", lines);
}

/* `line` is in the body's character set. NULL where the encoding does not let it in. */
static char *
fit_line(const char *line, GMimeContentEncoding encoding)
{
	g_autofree char *fitting = NULL;
	int blanks = (int)(2 - (strlen(line) + 3) % 3); /* with two line ends, a multiple of three */

	switch (encoding) {
	case GMIME_CONTENT_ENCODING_7BIT:
		return g_str_is_ascii(line) ? g_strconcat(line, "\r\n\r\n", NULL) : NULL;
	case GMIME_CONTENT_ENCODING_8BIT:
		return g_strconcat(line, "\r\n\r\n", NULL);
	case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
		fitting = encoded(line, encoding);
		return g_strconcat(fitting, "\r\n\r\n", NULL);
	case GMIME_CONTENT_ENCODING_BASE64:
		fitting = g_strdup_printf("%s%*s\r\n\r\n", line, blanks, "");
		return encoded(fitting, encoding);
	default:
		return NULL;
	}
}

/* What comes before the text; NULL where it is none, or cannot take it. */
static char *
legacy_line(const struct message *message, const struct group *group)
{
	g_autofree char *raw = group->subject != NULL ? g_strdup(group->subject)
						      : message_field_text(message, "Subject");
	g_autofree char *charset = plain_charset(message);
	g_autofree char *subject = NULL, *line = NULL, *converted = NULL;

	if (raw == NULL || charset == NULL)
		return NULL;
	subject = g_mime_utils_header_decode_text(NULL, g_strstrip(raw));
	line = g_strdelimit(g_strconcat("Subject: ", subject, NULL), "\r\n", ' ');
	converted = g_convert(line, -1, charset, "utf-8", NULL, NULL, NULL);
	return converted == NULL ? NULL : fit_line(converted, encoding_of(message));
}

/* --- the head --- */

static void
append_content_type(GString *head, const struct field *field, bool has_legacy_line)
{
	g_autofree char *value = g_strconcat(field == NULL ? " text/plain; charset=us-ascii" : field->value,
					     ";\n hp=\"cipher\"",
					     has_legacy_line ? "; hp-legacy-display=\"1\"" : "", NULL);
	const struct field marked = {(char *)"Content-Type", value};

	field_append(head, &marked);
}

static void
append_content(GString *head, const struct message *message, bool has_legacy_line)
{
	const struct field *type = message_field(message, "Content-Type");

	append_content_type(head, type, has_legacy_line);
	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);

		if (field != type && field_is_content(field))
			field_append(head, field);
	}
}

static GString *
protected_head(const struct message *message, const struct group *group)
{
	GString *head = g_string_new(NULL);
	g_autofree char *line = legacy_line(message, group);
	const char *subject = group->subject;

	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);

		if (field_is_content(field) || is_of_transport(field))
			continue;
		append_protected(head, field, subject);
		if (is_subject(field))
			subject = NULL;
	}
	append_content(head, message, line != NULL);
	g_string_append(head, "\r\n");
	if (line != NULL)
		g_string_append(head, line);
	return head;
}

GString *
payload_head(const struct message *message, const struct group *group)
{
	return group->hides_subject ? protected_head(message, group) : message_entity_header(message);
}

bool
payload_write(const struct message *message, const struct group *group, struct sink *sink,
	      struct fault *fault)
{
	g_autoptr(GString) head = payload_head(message, group);

	return sink_write(sink, head->str, head->len, fault) && spool_copy(message->body, 0, sink, fault);
}
