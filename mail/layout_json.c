#include <jansson.h>
#include <string.h>

#include "core/cleanup.h"
#include "mail/layout.h"

enum { VERSION = 4 }; /* of the stored form: a layout of another version is made again */

/* Invalid UTF-8 would make JSON fail. NULL becomes null. */
static json_t *
text_of(const char *text)
{
	g_autofree char *valid = text == NULL ? NULL : g_utf8_make_valid(text, -1);

	return valid == NULL ? json_null() : json_string(valid);
}

static json_t *print_layout(const struct layout *layout);

static json_t *
print_part(const struct layout_part *part)
{
	return json_pack(
		"{s:o, s:o, s:o, s:o, s:I, s:I, s:i, s:b, s:b, s:i, s:o, s:b, s:I, s:I, s:b, s:o}",
		"name", text_of(part->name), "type", text_of(part->type), "charset",
		text_of(part->charset), "cid", text_of(part->cid), "offset",
		(json_int_t)part->offset, "length", (json_int_t)part->length, "encoding",
		(int)part->encoding, "flowed", part->is_flowed, "delsp", part->deletes_space,
		"views", (int)part->views, "inner", print_layout(part->inner), "within",
		part->is_within, "skip", (json_int_t)part->skip, "size", (json_int_t)part->size,
		"unpacked", part->is_unpacked, "text", text_of(part->text));
}

static json_t *
print_parts(const GPtrArray *parts)
{
	json_t *list = json_array();

	for (guint i = 0; i < parts->len; i++)
		json_array_append_new(list, print_part(g_ptr_array_index(parts, i)));
	return list;
}

static json_t *
print_layout(const struct layout *layout)
{
	if (layout == NULL)
		return json_null();
	return json_pack(
		"{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:b}",
		"version", VERSION, "subject", text_of(layout->subject), "from",
		text_of(layout->from), "to", text_of(layout->to), "cc", text_of(layout->cc),
		"from_address", text_of(layout->from_address), "message_id",
		text_of(layout->message_id), "references", text_of(layout->references), "addresses",
		text_of(layout->addresses), "reply_to", text_of(layout->reply_to), "date",
		(json_int_t)layout->date, "attachments", print_parts(layout->attachments),
		"related", print_parts(layout->related), "body", print_parts(layout->body), "cut",
		layout->is_cut);
}

char *
layout_print(const struct layout *layout)
{
	g_autoptr(json_t) json = print_layout(layout);

	return json_dumps(json, JSON_COMPACT);
}

static char *
text_in(json_t *json, const char *name)
{
	return g_strdup(json_string_value(json_object_get(json, name)));
}

static uint64_t
number_in(json_t *json, const char *name)
{
	return (uint64_t)MAX(json_integer_value(json_object_get(json, name)), 0);
}

static struct layout *parse_layout(json_t *json);

static struct layout_part *
parse_part(json_t *json)
{
	struct layout_part *part = g_new0(struct layout_part, 1);

	part->name = text_in(json, "name");
	part->type = text_in(json, "type");
	part->charset = text_in(json, "charset");
	part->cid = text_in(json, "cid");
	part->offset = number_in(json, "offset");
	part->length = number_in(json, "length");
	part->is_flowed = json_is_true(json_object_get(json, "flowed"));
	part->deletes_space = json_is_true(json_object_get(json, "delsp"));
	part->views = (unsigned)number_in(json, "views");
	part->encoding = (enum layout_encoding)number_in(json, "encoding");
	part->inner = parse_layout(json_object_get(json, "inner"));
	part->is_within = json_is_true(json_object_get(json, "within"));
	part->skip = number_in(json, "skip");
	part->size = number_in(json, "size");
	part->is_unpacked = json_is_true(json_object_get(json, "unpacked"));
	part->text = text_in(json, "text");
	return part;
}

static void
parse_parts(json_t *list, GPtrArray *parts)
{
	size_t i;
	json_t *json;

	json_array_foreach(list, i, json) g_ptr_array_add(parts, parse_part(json));
}

static struct layout *
parse_layout(json_t *json)
{
	struct layout *layout;

	if (!json_is_object(json) || number_in(json, "version") != VERSION)
		return NULL;
	layout = layout_empty();
	layout->subject = text_in(json, "subject");
	layout->from = text_in(json, "from");
	layout->to = text_in(json, "to");
	layout->cc = text_in(json, "cc");
	layout->from_address = text_in(json, "from_address");
	layout->message_id = text_in(json, "message_id");
	layout->references = text_in(json, "references");
	layout->addresses = text_in(json, "addresses");
	layout->reply_to = text_in(json, "reply_to");
	layout->date = (gint64)json_integer_value(json_object_get(json, "date"));
	layout->is_cut = json_is_true(json_object_get(json, "cut"));
	parse_parts(json_object_get(json, "attachments"), layout->attachments);
	parse_parts(json_object_get(json, "related"), layout->related);
	parse_parts(json_object_get(json, "body"), layout->body);
	return layout;
}

/* --- is everything there? --- */

static bool is_whole(const struct layout *layout);

static bool
parts_are_whole(const GPtrArray *parts)
{
	for (guint i = 0; i < parts->len; i++) {
		const struct layout_part *part = g_ptr_array_index(parts, i);

		if (part->name == NULL || part->type == NULL ||
		    part->encoding > LAYOUT_QUOTED_PRINTABLE ||
		    (part->inner != NULL && !is_whole(part->inner)))
			return false;
	}
	return true;
}

static bool
is_whole(const struct layout *layout)
{
	return layout->subject != NULL && layout->from != NULL && layout->to != NULL &&
	       layout->cc != NULL && layout->from_address != NULL && layout->message_id != NULL &&
	       layout->references != NULL && layout->addresses != NULL &&
	       layout->reply_to != NULL && parts_are_whole(layout->attachments) &&
	       parts_are_whole(layout->related) && parts_are_whole(layout->body);
}

struct layout *
layout_parse(const char *text)
{
	g_autoptr(json_t) json = json_loads(text, 0, NULL);
	g_autoptr(layout_auto) layout = json == NULL ? NULL : parse_layout(json);

	return layout != NULL && is_whole(layout) ? g_steal_pointer(&layout) : NULL;
}
