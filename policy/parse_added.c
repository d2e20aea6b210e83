/* Header fields that a rule adds to copies. */
#include <string.h>

#include "mail/field.h"
#include "policy/parser.h"

/* RFC 5322 §2.2 sets no limit to a name; a line has at most 998 characters (§2.1.1), and encoded
 * words take three times the bytes and more. */
enum { NAME_MAX_LENGTH = 70, VALUE_MAX_LENGTH = 200 };

static void
clear_field(gpointer data)
{
	struct policy_field *field = data;

	g_free(field->name);
	g_free(field->value);
}

/* What the message itself is, and what mail servers, verifiers and signers say of it. */
static bool
is_of_message(char *name)
{
	static const char *const names[] = {"From",
					    "Sender",
					    "Reply-To",
					    "To",
					    "Cc",
					    "Subject",
					    "Date",
					    "Message-ID",
					    "In-Reply-To",
					    "References",
					    "Received",
					    "Return-Path",
					    "MIME-Version",
					    "HP-Outer",
					    "Delivered-To",
					    "X-Original-To",
					    "DKIM-Signature",
					    "Authentication-Results",
					    "Autocrypt",
					    NULL};
	const struct field field = {.name = name};

	return field_is_one_of(&field, names) || field_is_content(&field) ||
	       field_is_never_sent(&field) || g_ascii_strncasecmp(name, "Resent-", 7) == 0 ||
	       g_ascii_strncasecmp(name, "ARC-", 4) == 0;
}

static void
check_name(struct parser *parser, const struct place *place, char *name)
{
	if (!parser_is_field_name(name) || strlen(name) > NAME_MAX_LENGTH)
		parser_error(parser, place,
			     "found \"%s\", expected the name of a header field, without a colon",
			     name);
	else if (is_of_message(name))
		parser_error(parser, place,
			     "found \"%s\", which is not for a rule to write, expected a field of "
			     "its own such as \"X-Classification\"",
			     name);
}

static void
check_value(struct parser *parser, const struct place *place, const char *value)
{
	bool is_printable = true;

	for (const char *c = value; *c != '\0'; c++)
		is_printable = is_printable && !g_ascii_iscntrl(*c);
	if (value[strspn(value, " ")] == '\0')
		parser_error(parser, place, "found an empty text, expected what the field says");
	else if (!is_printable || !g_utf8_validate(value, -1, NULL))
		parser_error(parser, place,
			     "found control characters, expected a single line of text");
	else if (strlen(value) > VALUE_MAX_LENGTH)
		parser_error(parser, place, "found a text of %zu bytes, expected at most %d",
			     strlen(value), VALUE_MAX_LENGTH);
}

GArray *
parser_added(struct parser *parser, GArray *before, const struct place *name_place, char *name,
	     const struct place *value_place, char *value)
{
	GArray *fields = before;
	struct policy_field field = {name, value};

	check_name(parser, name_place, name);
	check_value(parser, value_place, value);
	if (fields == NULL) {
		fields = g_array_new(TRUE, FALSE, sizeof field);
		g_array_set_clear_func(fields, clear_field);
	}
	for (guint i = 0; i < fields->len; i++)
		if (g_ascii_strcasecmp(g_array_index(fields, struct policy_field, i).name, name) ==
		    0)
			parser_error(parser, name_place,
				     "found \"%s\" a second time, expected it once", name);
	g_array_append_val(fields, field);
	return fields;
}
