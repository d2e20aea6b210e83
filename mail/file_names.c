#include "mail/file_names.h"

#include <string.h>

#include "mail/content_type.h"
#include "mail/encoded_words.h"
#include "mail/field.h"
#include "mail/text.h"

static const char blanks[] = " \t\r\n";

/* What a file with this name is called once it is saved: without folders, without what Windows
 * takes for a stream of the file ("::$DATA"), and without dots and blanks at the end. Caller frees.
 */
static char *
as_file(const char *name)
{
	g_autofree char *whole = g_strndup(name, strcspn(name, "\r\n"));
	g_autofree char *valid = NULL;
	char *stream = strstr(whole, "::$"), *file;
	const char *slash, *backslash, *base;
	size_t length = stream == NULL ? strlen(whole) : (size_t)(stream - whole);

	while (length > 0 && strchr(" ./\\", whole[length - 1]) != NULL)
		length--;
	whole[length] = '\0';
	slash = strrchr(whole, '/'), backslash = strrchr(whole, '\\');
	base = MAX(slash, backslash);
	valid = g_utf8_make_valid(base == NULL ? whole : base + 1, -1);
	file = g_utf8_normalize(valid, -1, G_NORMALIZE_NFC);
	return file == NULL ? g_strdup("") : g_strstrip(file);
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

struct names {
	file_name_visit *visit;
	void *visitor;
	struct reading_limit *limit;
	bool has_comment;
};

static bool
visit_reading(void *visitor, const char *name)
{
	const struct names *names = visitor;

	return file_name_forms(name, names->visit, names->visitor) &&
	       (!names->has_comment || visit_without_comments(name, names->visit, names->visitor));
}

static bool
visit_value(struct names *names, const char *value)
{
	g_autofree char *shown = field_shown(value);

	return file_name_forms(value, names->visit, names->visitor) &&
	       (strcmp(shown, value) == 0 ||
		file_name_forms(shown, names->visit, names->visitor)) &&
	       encoded_words_each(value, names->limit, visit_reading, names);
}

static bool
has_comment(GMimeObject *part, const char *name)
{
	GMimeHeader *field =
		g_mime_header_list_get_header(g_mime_object_get_header_list(part), name);
	const char *value = field == NULL ? NULL : g_mime_header_get_raw_value(field);

	return value != NULL && content_type_has_comment(value);
}

/* Those parameters of the field that are called so. */
static bool
visit_parameters(struct names *names, GMimeObject *part, const char *field, GMimeParamList *list,
		 const char *wanted)
{
	bool go_on = true;

	names->has_comment = has_comment(part, field);
	for (int i = 0; go_on && list != NULL && i < g_mime_param_list_length(list); i++) {
		GMimeParam *parameter = g_mime_param_list_get_parameter_at(list, i);
		const char *value = g_mime_param_get_value(parameter);

		if (value != NULL &&
		    g_ascii_strcasecmp(g_mime_param_get_name(parameter), wanted) == 0)
			go_on = visit_value(names, value);
	}
	names->has_comment = false;
	return go_on;
}

/* What follows "name=", in whatever it is enclosed. Returns false to stop. */
static bool
visit_names_in(void *visitor, const char *field)
{
	const struct names *names = visitor;
	bool go_on = true;

	while (go_on && (field = strcasestr(field, "name")) != NULL) {
		const char *at = field + strlen("name");
		g_autofree char *name = NULL;
		size_t length;
		char quote;

		field = at;
		at += strspn(at, blanks);
		if (*at++ != '=')
			continue;
		at += strspn(at, blanks);
		quote = *at == '"' || *at == '\'' ? *at++ : ';';
		length = strcspn(at, (char[]){quote, '\0'});
		name = g_strndup(at, length);
		/* A name may reach over all that follow it. */
		go_on = reading_limit_take(names->limit, length) && visit_reading(visitor, name);
	}
	return go_on;
}

static bool
visit_field(struct names *names, GMimeObject *part, const char *name, reading_visit *visit)
{
	GMimeHeader *field =
		g_mime_header_list_get_header(g_mime_object_get_header_list(part), name);

	return field == NULL ||
	       encoded_words_each(g_mime_header_get_raw_value(field), names->limit, visit, names);
}

/* GMime decodes the encoded words in a parameter, and drops those that are malformed; it also
 * passes over parameters that other programs find. Outlook names a file without a name after its
 * description, and browsers after its location. */
static bool
visit_raw(struct names *names, GMimeObject *part)
{
	return visit_field(names, part, "Content-Disposition", visit_names_in) &&
	       visit_field(names, part, "Content-Type", visit_names_in) &&
	       visit_field(names, part, "Content-Description", visit_reading) &&
	       visit_field(names, part, "Content-Location", visit_reading);
}

bool
file_names_of_part(GMimeObject *part, struct reading_limit *limit, file_name_visit *visit,
		   void *visitor)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);
	GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(part);
	struct names names = {.visit = visit, .visitor = visitor, .limit = limit};

	return (disposition == NULL ||
		visit_parameters(&names, part, "Content-Disposition",
				 g_mime_content_disposition_get_parameters(disposition),
				 "filename")) &&
	       visit_parameters(&names, part, "Content-Type",
				g_mime_content_type_get_parameters(type), "name") &&
	       visit_raw(&names, part);
}

bool
file_names_end(const GPtrArray *names, const char *const *endings)
{
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *lower = g_ascii_strdown(g_ptr_array_index(names, i), -1);

		for (const char *const *ending = endings; *ending != NULL; ending++)
			if (g_str_has_suffix(lower, *ending))
				return true;
	}
	return false;
}
