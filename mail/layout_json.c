#include <jansson.h>
#include <string.h>

#include "core/cleanup.h"
#include "mail/layout.h"

enum { VERSION = 2 }; /* of the stored form: a layout of another version is made again */

/* Invalid UTF-8 would make JSON fail. NULL becomes null. */
static json_t *
text_of(const char *text)
{
	g_autofree char *valid = text == NULL ? NULL : g_utf8_make_valid(text, -1);

	return valid == NULL ? json_null() : json_string(valid);
}

static json_t *
print_part(const struct layout_part *part)
{
	if (part == NULL)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:i, s:b, s:b, s:b}", "name",
			 text_of(part->name), "type", text_of(part->type), "charset",
			 text_of(part->charset), "cid", text_of(part->cid), "offset",
			 (json_int_t)part->offset, "length", (json_int_t)part->length, "encoding",
			 (int)part->encoding, "flowed", part->is_flowed, "delsp",
			 part->deletes_space, "has_plain", part->has_plain);
}

static json_t *
print_parts(const GPtrArray *parts)
{
	json_t *list = json_array();

	for (guint i = 0; i < parts->len; i++)
		json_array_append_new(list, print_part(g_ptr_array_index(parts, i)));
	return list;
}

char *
layout_print(const struct layout *layout)
{
	g_autoptr(json_t) json = json_pack(
		"{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}",
		"version", VERSION, "subject", text_of(layout->subject), "from",
		text_of(layout->from), "to", text_of(layout->to), "cc", text_of(layout->cc),
		"from_address", text_of(layout->from_address), "message_id",
		text_of(layout->message_id), "references", text_of(layout->references), "addresses",
		text_of(layout->addresses), "reply_to", text_of(layout->reply_to), "date",
		(json_int_t)layout->date, "attachments", print_parts(layout->attachments),
		"related", print_parts(layout->related), "further", print_parts(layout->further),
		"text", print_part(layout->text), "html", print_part(layout->html));

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

static struct layout_part *
parse_part(json_t *json)
{
	struct layout_part *part;

	if (!json_is_object(json))
		return NULL;
	part = g_new0(struct layout_part, 1);
	part->name = text_in(json, "name");
	part->type = text_in(json, "type");
	part->charset = text_in(json, "charset");
	part->cid = text_in(json, "cid");
	part->offset = number_in(json, "offset");
	part->length = number_in(json, "length");
	part->is_flowed = json_is_true(json_object_get(json, "flowed"));
	part->deletes_space = json_is_true(json_object_get(json, "delsp"));
	part->has_plain = json_is_true(json_object_get(json, "has_plain"));
	part->encoding = (enum layout_encoding)number_in(json, "encoding");
	return part;
}

static void
parse_parts(json_t *list, GPtrArray *parts)
{
	size_t i;
	json_t *json;

	json_array_foreach(list, i, json) g_ptr_array_add(parts, parse_part(json));
}

static bool
part_is_whole(const struct layout_part *part)
{
	return part != NULL && part->name != NULL && part->type != NULL &&
	       part->encoding <= LAYOUT_QUOTED_PRINTABLE;
}

static bool
parts_are_whole(const GPtrArray *parts)
{
	for (guint i = 0; i < parts->len; i++)
		if (!part_is_whole(g_ptr_array_index(parts, i)))
			return false;
	return true;
}

static bool
is_whole(const struct layout *layout)
{
	return layout->subject != NULL && layout->from != NULL && layout->to != NULL &&
	       layout->cc != NULL && layout->from_address != NULL && layout->message_id != NULL &&
	       layout->references != NULL && layout->addresses != NULL &&
	       layout->reply_to != NULL && parts_are_whole(layout->attachments) &&
	       parts_are_whole(layout->related) && parts_are_whole(layout->further) &&
	       (layout->text == NULL || part_is_whole(layout->text)) &&
	       (layout->html == NULL || part_is_whole(layout->html));
}

struct layout *
layout_parse(const char *text)
{
	g_autoptr(json_t) json = json_loads(text, 0, NULL);
	g_autoptr(layout_auto) layout = layout_empty();

	if (!json_is_object(json) || number_in(json, "version") != VERSION)
		return NULL;
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
	parse_parts(json_object_get(json, "attachments"), layout->attachments);
	parse_parts(json_object_get(json, "related"), layout->related);
	parse_parts(json_object_get(json, "further"), layout->further);
	layout->text = parse_part(json_object_get(json, "text"));
	layout->html = parse_part(json_object_get(json, "html"));
	return is_whole(layout) ? g_steal_pointer(&layout) : NULL;
}
