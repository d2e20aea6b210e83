#include "mail/file_names.h"

#include <string.h>

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

static bool
each_parameter(GMimeParamList *list, const char *wanted, file_name_visit *visit, void *visitor)
{
	bool go_on = true;

	for (int i = 0; go_on && list != NULL && i < g_mime_param_list_length(list); i++) {
		GMimeParam *parameter = g_mime_param_list_get_parameter_at(list, i);
		const char *value = g_mime_param_get_value(parameter);
		g_autofree char *shown = NULL;

		if (value == NULL ||
		    g_ascii_strcasecmp(g_mime_param_get_name(parameter), wanted) != 0)
			continue;
		shown = g_mime_utils_header_decode_text(NULL, value);
		go_on = file_name_forms(value, visit, visitor) &&
			(shown == NULL || strcmp(shown, value) == 0 ||
			 file_name_forms(shown, visit, visitor));
	}
	return go_on;
}

bool
file_names_of_part(GMimeObject *part, file_name_visit *visit, void *visitor)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);
	GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(part);

	return (disposition == NULL ||
		each_parameter(g_mime_content_disposition_get_parameters(disposition), "filename",
			       visit, visitor)) &&
	       each_parameter(g_mime_content_type_get_parameters(type), "name", visit, visitor);
}
