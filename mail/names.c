#include "mail/names.h"

#include <string.h>

#include "mail/file_names.h"
#include "mail/mime_stream.h"
#include "mail/uuencode.h"
#include "mail/zip.h"

enum { NAMES_MAX = 200 }; /* by which a message is found */

struct listing {
	struct parts *parts;
	names_visit *visit;
	void *visitor;
	bool go_on;
	char *type; /* of the part */
	bool has_name;
};

static bool
tell(void *visitor, const char *name)
{
	struct listing *listing = visitor;

	listing->has_name = true;
	listing->go_on = listing->visit(listing->visitor, name, listing->type);
	return listing->go_on;
}

static void
tell_all(struct listing *listing, const GPtrArray *names)
{
	for (guint i = 0; listing->go_on && i < names->len; i++)
		tell(listing, g_ptr_array_index(names, i));
}

static bool
tell_packed(void *visitor, const char *name, bool is_encrypted)
{
	(void)is_encrypted;
	return file_name_forms(name, tell, visitor);
}

static bool
tell_in_text(void *visitor, const char *name)
{
	return name == NULL || *name == '\0' || file_name_forms(name, tell, visitor);
}

/* Also if something precedes the archive, as in a self-extracting one. */
static bool
may_be_zip(GMimePart *part)
{
	GMimeStream *stream = mime_stream_of_part(part);
	bool may = zip_is_within(stream);

	g_object_unref(stream);
	return may;
}

static void
tell_content(struct listing *listing, GMimePart *part)
{
	bool is_zip = may_be_zip(part);
	GMimeStream *stream = mime_stream_of_part(part);

	if (is_zip)
		zip_each(stream, parts_reading_limit(listing->parts), tell_packed, listing);
	g_object_unref(stream);
	if (!listing->go_on || !g_str_has_prefix(listing->type, "text/"))
		return;
	stream = mime_stream_of_part(part);
	uuencode_each(stream, tell_in_text, listing);
	g_object_unref(stream);
}

static bool
look_at(GMimeObject *part, void *data)
{
	struct listing *listing = data;
	GMimeContentType *type = g_mime_object_get_content_type(part);
	g_autofree char *mime_type = g_mime_content_type_get_mime_type(type);
	g_autofree char *lower = g_ascii_strdown(mime_type, -1);

	if (GMIME_IS_MULTIPART(part))
		return true;
	listing->type = lower;
	listing->has_name = false;
	tell_all(listing, parts_file_names(listing->parts, part));
	if (GMIME_IS_PART(part) && listing->go_on)
		tell_content(listing, GMIME_PART(part));
	if (!listing->has_name && listing->go_on)
		listing->go_on = listing->visit(listing->visitor, NULL, lower);
	return listing->go_on;
}

/* The names in it have the type of the part in which it is. */
static bool
look_at_document(const struct document *document, void *data)
{
	struct listing *listing = data;
	GMimeContentType *type = g_mime_object_get_content_type(document->part);
	g_autofree char *mime_type = g_mime_content_type_get_mime_type(type);
	g_autofree char *lower = g_ascii_strdown(mime_type, -1);

	listing->type = lower;
	for (guint i = 0; listing->go_on && i < document->names->len; i++)
		file_name_forms(g_ptr_array_index(document->names, i), tell, listing);
	return listing->go_on;
}

/* They are read only if nothing was found elsewhere. */
static bool
look_at_documents(struct parts *parts, struct listing *listing, struct fault *fault)
{
	struct documents *documents = parts_documents(parts);

	if (documents == NULL || !listing->go_on)
		return true;
	if (!documents_read(documents, fault))
		return false;
	documents_each(documents, look_at_document, listing);
	return true;
}

bool
names_each(struct parts *parts, names_visit *visit, void *visitor, struct fault *fault)
{
	struct listing listing = {
		.parts = parts, .visit = visit, .visitor = visitor, .go_on = true};

	return parts_each(parts, look_at, &listing, fault) &&
	       look_at_documents(parts, &listing, fault);
}

/* --- of a message --- */

static bool
add_name(void *visitor, const char *name, const char *type)
{
	GPtrArray *names = visitor;

	(void)type;
	if (name != NULL)
		g_ptr_array_add(names, g_strdup(name));
	return names->len < NAMES_MAX;
}

GPtrArray *
names_of_message(const struct message *message, uint64_t limit_parts)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *type = message_field_shown(message, "Content-Type");
	struct parts *parts;
	struct fault fault;

	if (type == NULL || g_ascii_strncasecmp(type, "text/", strlen("text/")) == 0)
		return names;
	parts = parts_new(message, limit_parts);
	names_each(parts, add_name, names, &fault);
	parts_free(parts);
	return names;
}
