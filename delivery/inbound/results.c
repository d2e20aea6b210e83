#include "delivery/inbound/results.h"

#include <string.h>

#include "core/domain.h"

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

/* --- forged fields --- */

/* As somebody may read it who is less strict: without what nobody sees, and with letters, dots and
 * blanks in their usual form. Caller frees. */
static char *
simplify(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *normal = g_utf8_normalize(valid, -1, G_NORMALIZE_ALL_COMPOSE);
	GString *simple = g_string_new(NULL);

	for (const char *at = normal; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (c == 0x3002) /* the full stop of Chinese and Japanese, UTS 46 §2.3 */
			g_string_append_c(simple, '.');
		else if (g_unichar_isspace(c) || g_unichar_iscntrl(c))
			g_string_append_c(simple, ' ');
		else if (g_unichar_type(c) != G_UNICODE_FORMAT)
			g_string_append_unichar(simple, g_unichar_tolower(c));
	}
	return g_string_free(simple, FALSE);
}

/* Ours may be in another script, or its A-labels in the field (RFC 8616 §5). */
static bool
is_name(const GString *id, const char *own)
{
	g_autofree char *name = g_strndup(id->str, id->len - g_str_has_suffix(id->str, "."));
	g_autofree char *key = domain_key(name), *own_key = domain_key(own);

	return strcmp(name, own) == 0 || strcmp(key, own_key) == 0;
}

/* A piece of the name, or all of it in quotes. NULL: the quotes do not end. */
static const char *
read_piece(const char *at, GString *id)
{
	if (*at != '"') {
		for (; g_ascii_isalnum(*at) || (*at != '\0' && strchr("-_.", *at) != NULL) ||
		       (*at & 0x80) != 0;
		     at++)
			g_string_append_c(id, *at);
		return at;
	}
	for (at++; *at != '\0' && *at != '"'; at++)
		g_string_append_c(id, *at == '\\' && at[1] != '\0' ? *++at : *at);
	return *at == '"' ? at + 1 : NULL;
}

/* Dots join pieces, with comments between them or not (RFC 5322 §4.4). What cannot be read may be
 * ours. */
static bool
may_name(const char *value, const char *own)
{
	g_autoptr(GString) id = g_string_new(NULL);
	const char *at = skip_comments(value);
	gsize length;

	do {
		length = id->len;
		at = at == NULL ? NULL : read_piece(at, id);
		at = at == NULL ? NULL : skip_comments(at);
		if (at == NULL || id->len == 0 || is_name(id, own))
			return true;
	} while (id->len > length && (*at == '.' || g_str_has_suffix(id->str, ".")));
	return false;
}

bool
results_are_forged(const struct field *field, const struct settings *settings)
{
	g_autofree char *name = g_strstrip(g_strdup(field->name));
	g_autofree char *own = simplify(results_authserv_id(settings));
	g_autofree char *value = simplify(field->value), *shown = NULL, *decoded = NULL;

	if (g_ascii_strcasecmp(name, RESULTS_FIELD) != 0)
		return false;
	decoded = field_shown(field->value);
	shown = simplify(decoded);
	return may_name(value, own) || may_name(shown, own);
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
