#include "mail/parts.h"

#include <string.h>

#include "mail/mime_stream.h"

struct parts {
	const struct message *message;
	guint most;
	GMimeObject *root; /* NULL: not parsed yet */
	GMimeStream *stream;
	GArray *list;     /* struct part; texts owned by `texts`; NULL: not listed yet */
	GPtrArray *texts;
};

struct parts *
parts_new(const struct message *message, guint most)
{
	struct parts *parts = g_new0(struct parts, 1);

	parts->message = message;
	parts->most = most;
	return parts;
}

void
parts_free(struct parts *parts)
{
	if (parts == NULL)
		return;
	g_clear_object(&parts->root);
	g_clear_object(&parts->stream);
	if (parts->list != NULL)
		g_array_unref(parts->list);
	if (parts->texts != NULL)
		g_ptr_array_unref(parts->texts);
	g_free(parts);
}

static bool
parse(struct parts *parts, struct fault *fault)
{
	g_autoptr(GString) header = NULL;
	GMimeParser *parser;

	if (parts->root != NULL)
		return true;
	header = message_entity_header(parts->message);
	parts->stream = mime_stream_of_entity(header, parts->message->body);
	parser = g_mime_parser_new_with_stream(parts->stream);
	g_mime_parser_set_persist_stream(parser, TRUE);
	parts->root = g_mime_parser_construct_part(parser, NULL);
	g_object_unref(parser);
	if (mime_stream_is_good(parts->stream, fault) && parts->root != NULL)
		return true;
	if (parts->root == NULL && mime_stream_is_good(parts->stream, fault))
		fault_set(fault, FAULT_INPUT, "looking into the message: its MIME structure cannot be read");
	g_clear_object(&parts->root); /* the next question parses it again */
	g_clear_object(&parts->stream);
	return false;
}

const struct message *
parts_message(const struct parts *parts)
{
	return parts->message;
}

GMimeObject *
parts_root(struct parts *parts, struct fault *fault)
{
	return parse(parts, fault) ? parts->root : NULL;
}

bool
parts_are_good(const struct parts *parts, struct fault *fault)
{
	return mime_stream_is_good(parts->stream, fault);
}

/* --- visiting --- */

struct tour {
	parts_visit *visit;
	void *data;
};

/* Also into attached messages: what is in them leaves as well. */
static bool
visit_all(GMimeObject *object, const struct tour *tour)
{
	GMimeMessage *inner;
	GMimeObject *root;

	if (GMIME_IS_MULTIPART(object)) {
		for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(object)); i++)
			if (!visit_all(g_mime_multipart_get_part(GMIME_MULTIPART(object), i), tour))
				return false;
		return true;
	}
	if (!tour->visit(object, tour->data))
		return false;
	if (!GMIME_IS_MESSAGE_PART(object))
		return true;
	inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
	root = inner == NULL ? NULL : g_mime_message_get_mime_part(inner);
	return root == NULL || visit_all(root, tour);
}

bool
parts_each(struct parts *parts, parts_visit *visit, void *data, struct fault *fault)
{
	const struct tour tour = {visit, data};

	if (!parse(parts, fault))
		return false;
	visit_all(parts->root, &tour);
	return mime_stream_is_good(parts->stream, fault);
}

/* --- listing --- */

static bool
add_part(GMimeObject *object, void *data)
{
	struct parts *parts = data;
	GMimeContentType *type = g_mime_object_get_content_type(object);
	g_autofree char *type_text = g_mime_content_type_get_mime_type(type);
	struct part found = {.type = g_ascii_strdown(type_text, -1)};

	g_ptr_array_add(parts->texts, (char *)found.type);
	if (GMIME_IS_PART(object))
		found.name = g_strdup(g_mime_part_get_filename(GMIME_PART(object)));
	if (found.name != NULL)
		g_ptr_array_add(parts->texts, (char *)found.name);
	g_array_append_val(parts->list, found);
	return parts->list->len <= parts->most;
}

bool
parts_list(struct parts *parts, const struct part **list_r, size_t *count_r, struct fault *fault)
{
	if (parts->list == NULL) {
		parts->list = g_array_new(FALSE, FALSE, sizeof(struct part));
		parts->texts = g_ptr_array_new_with_free_func(g_free);
	}
	if (parts->list->len == 0 && !parts_each(parts, add_part, parts, fault)) {
		g_array_set_size(parts->list, 0);
		return false;
	}
	if (parts->list->len > parts->most)
		return fault_set(fault, FAULT_TOO_BIG, "The message has more than %u parts (limit parts).", parts->most);
	*list_r = (const struct part *)(void *)parts->list->data;
	*count_r = parts->list->len;
	return true;
}
