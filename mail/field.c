#include "mail/field.h"

#include <string.h>

#include "mail/encoded_words.h"

struct field *
field_new(const char *name, const char *value)
{
	struct field *field = g_new(struct field, 1);

	field->name = g_strdup(name);
	field->value = g_strdup(value);
	return field;
}

void
field_free(struct field *field)
{
	g_free(field->name);
	g_free(field->value);
	g_free(field);
}

bool
field_is(const struct field *field, const char *name)
{
	return g_ascii_strcasecmp(field->name, name) == 0;
}

bool
field_is_one_of(const struct field *field, const char *const *names)
{
	for (; *names != NULL; names++)
		if (field_is(field, *names))
			return true;
	return false;
}

bool
field_is_in(const struct field *field, const GPtrArray *fields)
{
	for (guint i = 0; i < fields->len; i++)
		if (field_is(field, ((const struct field *)g_ptr_array_index(fields, i))->name))
			return true;
	return false;
}

bool
field_is_content(const struct field *field)
{
	return g_ascii_strncasecmp(field->name, "Content-", 8) == 0;
}

bool
field_is_never_sent(const struct field *field)
{
	static const char *const names[] = {"Bcc", "Resent-Bcc", NULL};

	return field_is_one_of(field, names) || field_is_ours(field);
}

bool
field_is_ours(const struct field *field)
{
	return g_ascii_strncasecmp(field->name, "X-Postseal-", 11) == 0 ||
	       g_ascii_strncasecmp(field->name, "Postseal-", 9) == 0;
}

void
field_append(GString *text, const struct field *field)
{
	g_string_append(text, field->name);
	g_string_append_c(text, ':');
	for (const char *c = field->value; *c != '\0'; c++) {
		if (*c == '\n' && (c == field->value || c[-1] != '\r'))
			g_string_append_c(text, '\r');
		g_string_append_c(text, *c);
	}
	g_string_append(text, "\r\n");
}

bool
field_write(const struct field *field, struct sink *sink, struct fault *fault)
{
	g_autoptr(GString) text = g_string_new(NULL);

	field_append(text, field);
	return sink_write(sink, text->str, text->len, fault);
}

char *
field_behind_cr(const char **at, const char *name)
{
	const size_t length = strlen(name);
	const char *cr;

	while ((cr = strchr(*at, '\r')) != NULL) {
		const char *colon = cr + 1 + length;

		*at = cr + 1;
		if (g_ascii_strncasecmp(cr + 1, name, length) != 0)
			continue;
		colon += strspn(colon, " \t");
		if (*colon == ':')
			return g_strndup(colon + 1, strcspn(colon + 1, "\r"));
	}
	return NULL;
}

char *
field_text(const char *value)
{
	char *text = g_strdup(value);

	for (char *from = text, *to = text;; from++) {
		if (*from != '\n' && *from != '\r')
			*to++ = *from;
		if (*from == '\0')
			break;
	}
	return g_strstrip(text);
}

char *
field_shown(const char *value)
{
	return encoded_words_decode(value);
}
