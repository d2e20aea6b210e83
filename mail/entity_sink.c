#include "mail/entity_sink.h"

#include <string.h>

static const char no_entity[] = "reading what was encrypted: it is not a MIME entity";

/* --- the header --- */

static bool
is_of_one_part(const struct message *message)
{
	g_autofree char *type = message_field_text(message, "Content-Type");

	return type != NULL && g_ascii_strncasecmp(type, "multipart", 9) != 0 &&
	       g_ascii_strncasecmp(type, "message", 7) != 0;
}

/* SMTP carries lines: what is in binary gets base64 instead (RFC 2045 §6). */
static void
look_at_encoding(struct entity_sink *entity)
{
	const struct message *message = entity->message;
	const struct field *encoding = message_field(message, "Content-Transfer-Encoding");
	g_autofree char *text = encoding == NULL ? NULL : field_text(encoding->value);

	if (text == NULL || g_ascii_strcasecmp(text, "binary") != 0 || !is_of_one_part(message))
		return;
	entity->is_binary = true;
	g_free(((struct field *)encoding)->value);
	((struct field *)encoding)->value = g_strdup(" base64");
	base64_sink_init(&entity->binary, spool_sink(message->body));
}

static bool
end_header(struct entity_sink *entity, struct fault *fault)
{
	entity->in_body = true;
	if (!message_add_header_line(entity->message, entity->field, "") ||
	    message_field(entity->message, "Content-Type") == NULL)
		return fault_set(fault, FAULT_INPUT, "%s", no_entity);
	look_at_encoding(entity);
	return true;
}

static bool
end_line(struct entity_sink *entity, struct fault *fault)
{
	GString *line = entity->line;

	if (line->len > 0 && line->str[line->len - 1] == '\r')
		g_string_truncate(line, line->len - 1);
	if (strlen(line->str) != line->len)
		return fault_set(fault, FAULT_INPUT, "%s", no_entity);
	if (line->len == 0)
		return end_header(entity, fault);
	if (!message_add_header_line(entity->message, entity->field, line->str))
		return fault_set(fault, FAULT_INPUT, "%s", no_entity);
	g_string_truncate(line, 0);
	return true;
}

/* Returns how many bytes were used; 0: failed. */
static size_t
write_header(struct entity_sink *entity, const char *data, size_t length, struct fault *fault)
{
	const char *end = memchr(data, '\n', length);
	size_t part = end == NULL ? length : (size_t)(end - data);

	if (entity->message->header_size + entity->field->len + entity->line->len + part >
	    entity->header_max) {
		fault_set(fault, FAULT_INPUT, "%s", no_entity);
		return 0;
	}
	g_string_append_len(entity->line, data, (gssize)part);
	if (end == NULL)
		return part;
	return end_line(entity, fault) ? part + 1 : 0;
}

/* --- the body --- */

static bool
write_text(struct entity_sink *entity, const char *data, size_t length, struct fault *fault)
{
	const char *at = data, *stop = data + length;

	while (at < stop) {
		const char *end = memchr(at, '\n', (size_t)(stop - at));
		size_t part = (size_t)((end == NULL ? stop : end) - at);
		bool has_cr = part > 0 ? at[part - 1] == '\r' : entity->after_cr;

		if (!message_add_body(entity->message, at, part, fault))
			return false;
		if (end != NULL && !message_add_body(entity->message, has_cr ? "\n" : "\r\n",
						     has_cr ? 1 : 2, fault))
			return false;
		entity->after_cr = end == NULL && has_cr;
		at += part + (end != NULL);
	}
	return true;
}

static bool
write_body(struct entity_sink *entity, const char *data, size_t length, struct fault *fault)
{
	if (entity->is_binary)
		return sink_write(&entity->binary.sink, data, length, fault);
	if (memchr(data, '\0', length) != NULL)
		return fault_set(fault, FAULT_INPUT, "%s", no_entity);
	return write_text(entity, data, length, fault);
}

/* --- what nobody writes --- */

bool
entity_sink_is_disturbed(struct entity_sink *entity)
{
	g_autofree char *type = message_field_text(entity->message, "Content-Type");

	return disturbance_end(&entity->disturbance, entity->is_binary) ||
	       (entity->is_binary && g_ascii_strncasecmp(type, "application/pkcs7-mime", 22) != 0 &&
		g_ascii_strncasecmp(type, "application/x-pkcs7-mime", 24) != 0);
}

/* --- the sink --- */

static bool
entity_write_bytes(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct entity_sink *entity = (struct entity_sink *)sink;
	const char *at = data;
	size_t used;

	if (entity->is_suspect)
		disturbance_look(&entity->disturbance, data, length);
	while (length > 0 && !entity->in_body) {
		used = write_header(entity, at, length, fault);
		if (used == 0)
			return false;
		at += used;
		length -= used;
	}
	return length == 0 || write_body(entity, at, length, fault);
}

static bool
entity_finish(struct sink *sink, struct fault *fault)
{
	struct entity_sink *entity = (struct entity_sink *)sink;

	if (!entity->in_body && entity->line->len > 0 && !end_line(entity, fault))
		return false;
	if (!entity->in_body && !end_header(entity, fault))
		return false;
	return !entity->is_binary || sink_finish(&entity->binary.sink, fault);
}

void
entity_sink_init(struct entity_sink *entity, struct message *message, uint64_t header_max)
{
	*entity = (struct entity_sink){
		.sink = {.write = entity_write_bytes, .finish = entity_finish},
		.message = message,
		.header_max = header_max,
		.line = g_string_new(NULL),
		.field = g_string_new(NULL),
	};
	disturbance_init(&entity->disturbance);
}

void
entity_sink_clear(struct entity_sink *entity)
{
	g_string_free(entity->line, TRUE);
	g_string_free(entity->field, TRUE);
	disturbance_clear(&entity->disturbance);
}
