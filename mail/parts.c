#include "mail/parts.h"

#include <inttypes.h>
#include <string.h>

#include "mail/boundary_lines.h"
#include "mail/file_names.h"
#include "mail/header_shape.h"
#include "mail/inner.h"
#include "mail/masked.h"
#include "mail/mime_stream.h"

struct parts {
	const struct message *message;
	uint64_t most;
	GMimeObject *root; /* NULL: not parsed yet */
	GMimeStream *stream;
	GHashTable *inner; /* the parsed message (GMimeObject) within each part; NULL: it cannot be
			      parsed */
	GHashTable *names; /* GPtrArray of each part, which is kept as long */
	struct reading_limit reading;
	struct documents *documents; /* NULL: they are not read */
	GMimeObject *visited;	     /* just now */
	guint place;		     /* its number, without multiparts */
	const char *at;		     /* where else we are; NULL: there */
	size_t budget;		     /* bytes that may still be parsed this way */
};

enum { INNER_BYTES = 16 * 1024 * 1024, DEPTH_MAX = 8 };

static void
clear_object(gpointer object)
{
	if (object != NULL)
		g_object_unref(object);
}

struct parts *
parts_new(const struct message *message, uint64_t most)
{
	struct parts *parts = g_new0(struct parts, 1);

	parts->message = message;
	parts->most = most;
	parts->inner = g_hash_table_new_full(NULL, NULL, NULL, clear_object);
	parts->names = g_hash_table_new_full(NULL, NULL, g_object_unref,
					     (GDestroyNotify)g_ptr_array_unref);
	parts->reading.left = READINGS_BYTES;
	parts->budget = INNER_BYTES;
	return parts;
}

void
parts_free(struct parts *parts)
{
	if (parts == NULL)
		return;
	/* Before the documents, among whose files some of those parts are. */
	g_hash_table_unref(parts->names);
	documents_free(parts->documents);
	g_hash_table_unref(parts->inner);
	g_clear_object(&parts->root);
	g_clear_object(&parts->stream);
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
		fault_set(fault, FAULT_INPUT,
			  "reading the message: its MIME structure cannot be read");
	g_clear_object(&parts->root); /* the next call parses it again */
	g_clear_object(&parts->stream);
	return false;
}

void
parts_read_documents(struct parts *parts, const struct documents_settings *settings)
{
	parts->documents = documents_new(parts, settings);
}

struct documents *
parts_documents(const struct parts *parts)
{
	return parts->documents;
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
	return reading_limit_is_kept(&parts->reading, fault) &&
	       mime_stream_is_good(parts->stream, fault);
}

/* --- names --- */

static bool
keep_name(void *names, const char *name)
{
	g_ptr_array_add(names, g_strdup(name));
	return true;
}

const GPtrArray *
parts_file_names(struct parts *parts, GMimeObject *part)
{
	GPtrArray *names = g_hash_table_lookup(parts->names, part);

	if (names != NULL)
		return names;
	names = g_ptr_array_new_with_free_func(g_free);
	file_names_of_part(part, &parts->reading, keep_name, names);
	g_hash_table_insert(parts->names, g_object_ref(part), names);
	return names;
}

struct reading_limit *
parts_reading_limit(struct parts *parts)
{
	return &parts->reading;
}

/* --- visiting --- */

struct tour {
	struct parts *parts;
	parts_visit *visit;
	void *data;
	guint count;
};

static bool visit_all(GMimeObject *object, struct tour *tour, unsigned depth);

static bool
visit_children(GMimeMultipart *multipart, struct tour *tour, unsigned depth)
{
	for (int i = 0; i < g_mime_multipart_get_count(multipart); i++)
		if (!visit_all(g_mime_multipart_get_part(multipart, i), tour, depth))
			return false;
	return true;
}

/* NULL if there is none, or it cannot be parsed. A parsed message is kept, because the caller was
 * given pointers into it. */
static GMimeObject *
inner_of(struct parts *parts, GMimeObject *object, unsigned depth)
{
	GMimeObject *root = g_hash_table_lookup(parts->inner, object);

	if (root == NULL && depth < DEPTH_MAX && !g_hash_table_contains(parts->inner, object)) {
		root = inner_parse(GMIME_PART(object), parts_file_names(parts, object),
				   &parts->budget);
		g_hash_table_insert(parts->inner, object, root);
	}
	return root;
}

/* Also visits attached messages: their content leaves as well. `depth` counts messages parsed from
 * within a part. */
static bool
visit_all(GMimeObject *object, struct tour *tour, unsigned depth)
{
	GMimeObject *root = NULL;
	GMimeMessage *inner;

	if (++tour->count > tour->parts->most || tour->parts->reading.is_reached)
		return false;
	tour->parts->visited = object;
	tour->parts->place += GMIME_IS_MULTIPART(object) ? 0 : 1;
	if (!tour->visit(object, tour->data))
		return false;
	if (GMIME_IS_MULTIPART(object))
		return visit_children(GMIME_MULTIPART(object), tour, depth);
	if (GMIME_IS_MESSAGE_PART(object)) {
		inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
		root = inner == NULL ? NULL : g_mime_message_get_mime_part(inner);
	} else if (inner_is_likely(object, parts_file_names(tour->parts, object))) {
		root = inner_of(tour->parts, object, depth++);
	}
	return root == NULL || visit_all(root, tour, depth);
}

bool
parts_each(struct parts *parts, parts_visit *visit, void *data, struct fault *fault)
{
	struct tour tour = {parts, visit, data, 0};

	if (!parse(parts, fault))
		return false;
	parts->place = 0;
	visit_all(parts->root, &tour, 0);
	parts->visited = NULL;
	if (tour.count > parts->most)
		return fault_set(fault, FAULT_TOO_BIG,
				 "The message has more than %" PRIu64 " parts (limit parts).",
				 parts->most);
	return parts_are_good(parts, fault);
}

char *
parts_place(const struct parts *parts)
{
	GMimeContentType *type =
		parts->visited == NULL ? NULL : g_mime_object_get_content_type(parts->visited);
	g_autofree char *name = type == NULL ? NULL : g_mime_content_type_get_mime_type(type);
	g_autofree char *lower = name == NULL ? g_strdup("text") : g_ascii_strdown(name, -1);
	g_autofree char *valid = g_utf8_make_valid(lower, -1);

	mask_digits(valid);
	return parts->at != NULL ? g_strdup(parts->at)
				 : g_strdup_printf("part %u, %.60s", MAX(parts->place, 1), valid);
}

void
parts_be_at(struct parts *parts, const char *place)
{
	parts->at = place;
}

/* Some programs take a lone CR for the end of a line, and what follows it for a field. */
static bool
has_lone_cr(const struct message *message)
{
	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);

		for (const char *cr = field->value; (cr = strchr(cr, '\r')) != NULL; cr++)
			if (cr[1] != '\n')
				return true;
	}
	return false;
}

bool
parts_are_clear(struct parts *parts, const char **why_r, struct fault *fault)
{
	GMimeStream *stream;

	if (!parse(parts, fault))
		return false;
	stream = g_mime_stream_substream(parts->stream, 0, -1);
	*why_r = NULL;
	if (has_lone_cr(parts->message) || !headers_are_clear(parts->root, stream))
		*why_r = "a header of it has lines that are no fields";
	else if (!boundary_lines_are_clear(parts->root, stream))
		*why_r = "lines in it begin with a boundary and go on";
	g_object_unref(stream);
	return mime_stream_is_good(parts->stream, fault);
}

bool
parts_are_closed(struct parts *parts, GMimeObject *part)
{
	return inner_is_likely(part, parts_file_names(parts, part)) &&
	       g_hash_table_lookup(parts->inner, part) == NULL;
}
