#include "delivery/inbound/results.h"

#include <string.h>

const char *
results_authserv_id(const struct settings *settings)
{
	return *settings->authserv_id != '\0' ? settings->authserv_id : settings->hostname;
}

/* Past blanks and comments, which may be nested (RFC 5322 §3.2.2); NULL: a comment does not end. */
static const char *
skip_comments(const char *at)
{
	unsigned depth = 0;

	for (; *at != '\0'; at++) {
		if (*at == '(')
			depth++;
		else if (depth > 0 && *at == ')')
			depth--;
		else if (depth > 0 && *at == '\\' && at[1] != '\0')
			at++;
		else if (depth == 0 && strchr(" \t\r\n", *at) == NULL)
			break;
	}
	return depth == 0 ? at : NULL;
}

/* The name at the beginning: a token or a quoted string (RFC 8601 §2.2, RFC 2045 §5.1). NULL: there
 * is none. Caller frees. */
static char *
read_id(const char *value)
{
	const char *at = skip_comments(value);
	GString *id;

	if (at == NULL)
		return NULL;
	id = g_string_new(NULL);
	if (*at == '"')
		for (at++; *at != '\0' && *at != '"'; at++)
			g_string_append_c(id, *at == '\\' && at[1] != '\0' ? *++at : *at);
	else
		for (; *at != '\0' && strchr(" \t\r\n;()\"", *at) == NULL; at++)
			g_string_append_c(id, *at);
	if (id->len > 0 && id->str[id->len - 1] == '.')
		g_string_truncate(id, id->len - 1);
	return g_string_free(id, id->len == 0);
}

bool
results_are_forged(const struct field *field, const struct settings *settings)
{
	g_autofree char *name = g_strstrip(g_strdup(field->name));
	g_autofree char *id = NULL;

	if (g_ascii_strcasecmp(name, RESULTS_FIELD) != 0)
		return false;
	id = read_id(field->value);
	return id == NULL || g_ascii_strcasecmp(id, results_authserv_id(settings)) == 0;
}

static const char *const method_names[] = {[KEY_SMIME] = "smime", [KEY_PGP] = "x-openpgp"};

/* A comment may hold anything of ASCII but parentheses and backslashes. */
static void
append_comment(GString *text, const char *comment)
{
	g_autofree char *ascii = g_str_to_ascii(comment, "C");

	g_strdelimit(ascii, "()\\\r\n", ' ');
	g_string_append_printf(text, " (%s)", ascii);
}

/* Whom the signature belongs to: RFC 7281 §3, and for OpenPGP, of which no standard speaks,
 * likewise.
 */
static void
append_identifier(GString *text, enum key_kind kind, const char *address)
{
	g_autofree char *escaped = NULL;

	if (!g_str_is_ascii(address))
		return;
	escaped = g_strescape(address, NULL);
	g_string_append_printf(text, "\n\tbody.%s-identifier=\"%s\"", method_names[kind], escaped);
}

char *
results_text(const struct settings *settings, const char *opened, const struct signature *signature)
{
	GString *text;

	if (opened == NULL && signature->worth == SIGNATURE_NONE)
		return NULL;
	text = g_string_new(NULL);
	g_string_append_printf(text, " %s", results_authserv_id(settings));
	if (opened != NULL) {
		g_string_append(text, ";\n\tx-decrypted=pass");
		append_comment(text, opened);
	}
	if (signature->worth != SIGNATURE_NONE)
		g_string_append_printf(text, ";\n\t%s=%s", method_names[signature->kind],
				       signature_worth_word(signature->worth));
	if (signature->why != NULL)
		append_comment(text, signature->why);
	if (signature->worth == SIGNATURE_PASS)
		append_identifier(text, signature->kind, signature->address);
	return g_string_free(text, FALSE);
}
