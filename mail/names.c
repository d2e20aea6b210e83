#include "mail/names.h"

#include <string.h>

#include "mail/mime_stream.h"
#include "mail/text.h"
#include "mail/uuencode.h"
#include "mail/zip.h"

struct listing {
	names_visit *visit;
	void *visitor;
	bool go_on;
	char *type; /* of the part */
	bool has_name;
};

static void
tell(struct listing *listing, const char *name)
{
	listing->has_name = true;
	listing->go_on = listing->go_on && listing->visit(listing->visitor, name, listing->type);
}

/* What a file of that name is called once it is saved. Caller frees. */
static char *
as_file(const char *name)
{
	const char *slash = strrchr(name, '/'), *backslash = strrchr(name, '\\');
	const char *base = MAX(slash, backslash);
	g_autofree char *valid = g_utf8_make_valid(base == NULL ? name : base + 1, -1);
	char *file = g_utf8_normalize(valid, -1, G_NORMALIZE_NFC);
	size_t length = file == NULL ? 0 : strlen(file);

	while (length > 0 && (g_ascii_isspace(file[length - 1]) || file[length - 1] == '.'))
		file[--length] = '\0';
	return file == NULL ? g_strdup("") : g_strchug(file);
}

static void
tell_forms(struct listing *listing, const char *name)
{
	g_autofree char *file = as_file(name);

	g_autofree char *seen = text_as_seen(file, strlen(file));

	tell(listing, name);
	if (strcmp(file, name) != 0)
		tell(listing, file);
	if (seen != NULL)
		tell(listing, seen);
}

/* Also of several of one name, of which programs show one or the other. */
static void
tell_parameters(struct listing *listing, GMimeParamList *list, const char *wanted)
{
	for (int i = 0; list != NULL && i < g_mime_param_list_length(list); i++) {
		GMimeParam *parameter = g_mime_param_list_get_parameter_at(list, i);
		const char *value = g_mime_param_get_value(parameter);
		g_autofree char *shown = NULL;

		if (value == NULL ||
		    g_ascii_strcasecmp(g_mime_param_get_name(parameter), wanted) != 0)
			continue;
		shown = g_mime_utils_header_decode_text(NULL, value);
		tell_forms(listing, value);
		if (shown != NULL && strcmp(shown, value) != 0)
			tell_forms(listing, shown);
	}
}

static bool
tell_packed(void *visitor, const char *name, bool is_encrypted)
{
	struct listing *listing = visitor;

	(void)is_encrypted;
	tell_forms(listing, name);
	return listing->go_on;
}

static bool
tell_in_text(void *visitor, const char *name)
{
	struct listing *listing = visitor;

	tell_forms(listing, name);
	return listing->go_on;
}

/* Also where something stands before it, as in an archive that unpacks itself. */
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
		zip_each(stream, tell_packed, listing);
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
	GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(part);
	g_autofree char *mime_type = g_mime_content_type_get_mime_type(type);
	g_autofree char *lower = g_ascii_strdown(mime_type, -1);

	if (GMIME_IS_MULTIPART(part))
		return true;
	listing->type = lower;
	listing->has_name = false;
	if (disposition != NULL)
		tell_parameters(listing, g_mime_content_disposition_get_parameters(disposition),
				"filename");
	tell_parameters(listing, g_mime_content_type_get_parameters(type), "name");
	if (GMIME_IS_PART(part) && listing->go_on)
		tell_content(listing, GMIME_PART(part));
	if (!listing->has_name && listing->go_on)
		listing->go_on = listing->visit(listing->visitor, NULL, lower);
	return listing->go_on;
}

bool
names_each(struct parts *parts, names_visit *visit, void *visitor, struct fault *fault)
{
	struct listing listing = {.visit = visit, .visitor = visitor, .go_on = true};

	return parts_each(parts, look_at, &listing, fault);
}
