#include "mail/file_names.h"

#include <string.h>

#include "mail/content_type.h"
#include "mail/text.h"

/* What a file with this name is called once it is saved. Caller frees. */
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

bool
file_name_forms(const char *name, file_name_visit *visit, void *visitor)
{
	g_autofree char *file = as_file(name);
	g_autofree char *seen = text_as_seen(file, strlen(file));
	g_autofree char *seen_file = seen == NULL ? NULL : as_file(seen);

	return visit(visitor, name) && (strcmp(file, name) == 0 || visit(visitor, file)) &&
	       (seen_file == NULL || visit(visitor, seen_file));
}

/* --- names in fields --- */

/* NULL: a comment is not closed. Caller frees. */
static char *
without_comments(const char *value)
{
	g_autoptr(GString) text = g_string_new(NULL);
	unsigned depth = 0;

	for (; *value != '\0'; value++) {
		if (*value == ')' && depth > 0)
			depth--;
		else if (*value == '(')
			depth++;
		else if (depth == 0)
			g_string_append_c(text, *value);
	}
	return depth > 0 ? NULL : g_strdup(text->str);
}

/* What programs that know comments make of a value with one, and what those do that stop there. */
static bool
visit_without_comments(const char *value, file_name_visit *visit, void *visitor)
{
	g_autofree char *without = without_comments(value);
	g_autofree char *before = g_strndup(value, strcspn(value, "("));

	return (without == NULL || strcmp(without, value) == 0 ||
		file_name_forms(without, visit, visitor)) &&
	       (*before == '\0' || strcmp(before, value) == 0 ||
		file_name_forms(before, visit, visitor));
}

static bool
visit_value(const char *value, bool has_comment, file_name_visit *visit, void *visitor)
{
	g_autofree char *shown = g_mime_utils_header_decode_text(NULL, value);

	return file_name_forms(value, visit, visitor) &&
	       (shown == NULL || strcmp(shown, value) == 0 ||
		file_name_forms(shown, visit, visitor)) &&
	       (!has_comment ||
		visit_without_comments(shown == NULL ? value : shown, visit, visitor));
}

static bool
each_parameter(GMimeParamList *list, const char *wanted, bool has_comment, file_name_visit *visit,
	       void *visitor)
{
	bool go_on = true;

	for (int i = 0; go_on && list != NULL && i < g_mime_param_list_length(list); i++) {
		GMimeParam *parameter = g_mime_param_list_get_parameter_at(list, i);
		const char *value = g_mime_param_get_value(parameter);

		if (value != NULL &&
		    g_ascii_strcasecmp(g_mime_param_get_name(parameter), wanted) == 0)
			go_on = visit_value(value, has_comment, visit, visitor);
	}
	return go_on;
}

static bool
has_comment(GMimeObject *part, const char *name)
{
	GMimeHeader *field =
		g_mime_header_list_get_header(g_mime_object_get_header_list(part), name);
	const char *value = field == NULL ? NULL : g_mime_header_get_raw_value(field);

	return value != NULL && content_type_has_comment(value);
}

bool
file_names_of_part(GMimeObject *part, file_name_visit *visit, void *visitor)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);
	GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(part);

	return (disposition == NULL ||
		each_parameter(g_mime_content_disposition_get_parameters(disposition), "filename",
			       has_comment(part, "Content-Disposition"), visit, visitor)) &&
	       each_parameter(g_mime_content_type_get_parameters(type), "name",
			      has_comment(part, "Content-Type"), visit, visitor);
}
