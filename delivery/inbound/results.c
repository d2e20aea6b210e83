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

/* The name at the beginning: a piece or a quoted string (RFC 8601 §2.2, RFC 2045 §5.1). NULL: there
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

/* --- what others say --- */

enum piece { PIECE_END, PIECE_WORD, PIECE_EQUALS, PIECE_SEMICOLON, PIECE_BROKEN };

/* The next one from *at on; `word` gets a word or what a quoted string says. */
static enum piece
next_piece(const char **at, GString *word)
{
	const char *from = skip_comments(*at);

	g_string_truncate(word, 0);
	if (from == NULL)
		return PIECE_BROKEN;
	*at = from + (*from != '\0');
	switch (*from) {
	case '\0':
		return PIECE_END;
	case ';':
		return PIECE_SEMICOLON;
	case '=':
		return PIECE_EQUALS;
	case ')':
		return PIECE_BROKEN;
	case '"':
		for (from++; *from != '\0' && *from != '"'; from++)
			g_string_append_c(word, *from == '\\' && from[1] != '\0' ? *++from : *from);
		*at = from + (*from == '"');
		return *from == '"' ? PIECE_WORD : PIECE_BROKEN;
	default:
		while (*from != '\0' && strchr(" \t\r\n;()\"=", *from) == NULL)
			g_string_append_c(word, *from++);
		*at = from;
		return PIECE_WORD;
	}
}

/* One result: "dkim=pass header.d=example.com". */
struct said {
	const char *domain;
	const char *property; /* that has to name the domain: of DKIM, or of DMARC; NULL: neither */
	bool is_pass, names_domain, names_another;
};

static void
take_pair(struct said *said, bool is_first, const char *name, const char *value)
{
	if (is_first) {
		said->property = g_ascii_strcasecmp(name, "dkim") == 0	  ? "header.d"
				 : g_ascii_strcasecmp(name, "dmarc") == 0 ? "header.from"
									  : NULL;
		said->is_pass = g_ascii_strcasecmp(value, "pass") == 0;
	} else if (said->property != NULL && g_ascii_strcasecmp(name, said->property) == 0) {
		if (g_ascii_strcasecmp(value, said->domain) == 0)
			said->names_domain = true;
		else
			said->names_another = true;
	}
}

/* "name=value" pairs up to the semicolon or the end; PIECE_BROKEN: they are not. */
static enum piece
take_result(const char **at, struct said *said)
{
	g_autoptr(GString) name = g_string_new(NULL), value = g_string_new(NULL);
	enum piece piece;
	bool is_first = true;

	while ((piece = next_piece(at, name)) == PIECE_WORD) {
		if (next_piece(at, value) != PIECE_EQUALS || next_piece(at, value) != PIECE_WORD)
			return is_first && g_ascii_strcasecmp(name->str, "none") == 0
				       ? PIECE_END
				       : PIECE_BROKEN;
		take_pair(said, is_first, name->str, value->str);
		is_first = false;
	}
	return piece == PIECE_EQUALS ? PIECE_BROKEN : piece;
}

bool
results_name_domain(const char *value, const char *domain)
{
	g_autoptr(GString) word = g_string_new(NULL);
	enum piece piece;
	bool named = false;

	do /* the name of the verifier, and its version */
		piece = next_piece(&value, word);
	while (piece == PIECE_WORD);
	while (piece == PIECE_SEMICOLON) {
		struct said said = {.domain = domain};

		piece = take_result(&value, &said);
		named |= said.property != NULL && said.is_pass && said.names_domain &&
			 !said.names_another;
	}
	return named && piece == PIECE_END;
}

/* The first field under this name; NULL: there is none. */
static const struct field *
field_under(const struct message *message, const char *name)
{
	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);
		g_autofree char *id = NULL;

		if (g_ascii_strcasecmp(field->name, RESULTS_FIELD) != 0)
			continue;
		id = read_id(field->value);
		if (id != NULL && g_ascii_strcasecmp(id, name) == 0)
			return field;
	}
	return NULL;
}

bool
results_authenticate(const struct message *message, const struct settings *settings,
		     const char *domain)
{
	for (char *const *name = settings->keys_authenticated; *name != NULL; name++) {
		const struct field *field = field_under(message, *name);

		if (field != NULL && results_name_domain(field->value, domain))
			return true;
	}
	return false;
}

/* --- what we say --- */

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
