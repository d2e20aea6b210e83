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
