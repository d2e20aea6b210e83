#include "mail/content_type.h"

#include <gmime/gmime.h>
#include <string.h>

/* Splits at each semicolon that is not in a quoted string or comment. NULL if a quoted string or
 * comment is not closed. */
static GPtrArray *
segments_of(const char *value)
{
	g_autoptr(GPtrArray) segments = g_ptr_array_new_with_free_func(g_free);
	const char *from = value, *at;
	unsigned comments = 0;
	bool quoted = false;

	for (at = value; *at != '\0'; at++) {
		if (*at == '\\' && (quoted || comments > 0) && at[1] != '\0')
			at++;
		else if (*at == '"' && comments == 0)
			quoted = !quoted;
		else if (*at == '(' && !quoted)
			comments++;
		else if (*at == ')' && !quoted && comments > 0)
			comments--;
		else if (*at == ';' && !quoted && comments == 0) {
			g_ptr_array_add(segments, g_strndup(from, (gsize)(at - from)));
			from = at + 1;
		}
	}
	g_ptr_array_add(segments, g_strdup(from));
	return quoted || comments > 0 ? NULL : g_steal_pointer(&segments);
}

static size_t
token_length(const char *text)
{
	return strcspn(text, " \t\r\n()<>@,;:\\\"/[]?=");
}

static bool
is_type(const char *segment)
{
	const char *at = segment + strspn(segment, " \t\r\n");
	size_t type = token_length(at), subtype = at[type] == '/' ? token_length(at + type + 1) : 0;

	if (type == 0 || subtype == 0)
		return false;
	at += type + 1 + subtype;
	at += strspn(at, " \t\r\n");
	return *at == '\0' || *at == '(';
}

/* Is the segment one of the parameters to be added, perhaps as one of several pieces (RFC 2231)? */
static bool
is_replaced(const char *segment, const char *const *parameters)
{
	const char *name = segment + strspn(segment, " \t\r\n");
	size_t length = strcspn(name, " \t\r\n=*");

	for (; *parameters != NULL; parameters++)
		if (length == strcspn(*parameters, "=") &&
		    g_ascii_strncasecmp(name, *parameters, length) == 0)
			return true;
	return false;
}

static void
append_quoted(GString *text, const char *value)
{
	g_string_append_c(text, '"');
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			g_string_append_c(text, '\\');
		if (*value != '\r' && *value != '\n')
			g_string_append_c(text, *value);
	}
	g_string_append_c(text, '"');
}

/* The parameters that GMime can read. */
static GPtrArray *
written_anew(const char *value)
{
	g_autofree char *text = g_strdelimit(g_strdup(value), "\r\n", ' ');
	GMimeContentType *type = g_mime_content_type_parse(NULL, g_strstrip(text));
	GMimeParamList *list = g_mime_content_type_get_parameters(type);
	GPtrArray *segments = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *name = g_mime_content_type_get_mime_type(type);

	g_ptr_array_add(segments, g_strconcat(" ", name, NULL));
	for (int i = 0; i < g_mime_param_list_length(list); i++) {
		GMimeParam *parameter = g_mime_param_list_get_parameter_at(list, i);
		const char *said = g_mime_param_get_value(parameter);
		g_autoptr(GString) segment = g_string_new(" ");

		g_string_append_printf(segment, "%s=", g_mime_param_get_name(parameter));
		append_quoted(segment, said + (*said == '"')); /* of a quote not closed */
		g_ptr_array_add(segments, g_strdup(segment->str));
	}
	g_object_unref(type);
	return segments;
}

char *
content_type_with(const char *value, const char *const *parameters, const char *line_end)
{
	g_autoptr(GPtrArray) segments = segments_of(value == NULL ? "" : value);
	const char *type;
	GString *text;

	if (segments == NULL)
		segments = written_anew(value);
	type = g_strchomp(g_ptr_array_index(segments, 0));
	text = g_string_new(is_type(type) ? type : " text/plain");
	for (guint i = 1; i < segments->len; i++) {
		const char *segment = g_strchomp(g_ptr_array_index(segments, i));

		if (*segment != '\0' && !is_replaced(segment, parameters))
			g_string_append_printf(text, ";%s", segment);
	}
	for (; *parameters != NULL; parameters++)
		g_string_append_printf(text, ";%s %s", line_end, *parameters);
	return g_string_free(text, FALSE);
}

/* "name=token" or "name="quoted"", with blanks only around the whole. */
static bool
is_plain(const char *assignment)
{
	g_autofree char *text = g_strstrip(g_strdup(assignment));
	size_t name = strcspn(text, " \t\r\n=*"), length = strlen(text), quoted;
	const char *value;

	if (text[name] != '=')
		return false;
	value = text + name + 1;
	if (*value != '"')
		return *value != '\0' && value[strcspn(value, " \t\r\n()\"\\")] == '\0';
	quoted = strcspn(value + 1, "\"\\\r\n");
	return quoted > 0 && value + 1 + quoted == text + length - 1;
}

bool
content_type_has_comment(const char *value)
{
	bool quoted = false;

	for (; *value != '\0'; value++) {
		if (quoted && *value == '\\' && value[1] != '\0')
			value++;
		else if (*value == '"')
			quoted = !quoted;
		else if (*value == '(' && !quoted)
			return true;
	}
	return false;
}

bool
content_type_is_clear_about(const char *value, const char *parameter)
{
	g_autoptr(GPtrArray) segments = segments_of(value);
	const char *const names[] = {parameter, NULL};
	unsigned count = 0;

	if (segments == NULL || content_type_has_comment(value))
		return false;
	for (guint i = 1; i < segments->len; i++) {
		const char *segment = g_ptr_array_index(segments, i);

		if (!is_replaced(segment, names))
			continue;
		if (++count > 1 || !is_plain(segment))
			return false;
	}
	return true;
}

bool
content_type_repeats(const char *value, const char *parameter)
{
	g_autoptr(GPtrArray) segments = segments_of(value);
	const char *const names[] = {parameter, NULL};
	unsigned count = 0;

	for (guint i = 1; segments != NULL && i < segments->len; i++)
		count += is_replaced(g_ptr_array_index(segments, i), names);
	return count > 1;
}
