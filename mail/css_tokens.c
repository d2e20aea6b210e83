#include "mail/css_tokens.h"

#include <string.h>

struct reading {
	const char *at, *end;
	GStringChunk *pool;
	GString *text; /* of the name or string that is being read */
};

/* --- code points (4.2) --- */

/* NUL: the source ends before that. */
static char
peek(const struct reading *reading, gsize ahead)
{
	return (gsize)(reading->end - reading->at) > ahead ? reading->at[ahead] : '\0';
}

static bool
is_at_end(const struct reading *reading)
{
	return reading->at == reading->end;
}

static bool
is_newline(char c)
{
	return c == '\n' || c == '\r' || c == '\f';
}

static bool
is_blank(char c)
{
	return is_newline(c) || c == ' ' || c == '\t';
}

static bool
is_name_start(char c)
{
	return g_ascii_isalpha(c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool
is_name(char c)
{
	return is_name_start(c) || g_ascii_isdigit(c) || c == '-';
}

/* Does an escape begin here (4.3.8)? */
static bool
is_escape(const struct reading *reading, gsize ahead)
{
	return peek(reading, ahead) == '\\' && !is_newline(peek(reading, ahead + 1));
}

/* Does a name begin here (4.3.9)? */
static bool
starts_name(const struct reading *reading, gsize ahead)
{
	if (peek(reading, ahead) == '-')
		return is_name_start(peek(reading, ahead + 1)) || peek(reading, ahead + 1) == '-' ||
		       is_escape(reading, ahead + 1);
	return is_name_start(peek(reading, ahead)) || is_escape(reading, ahead);
}

/* Does a number begin here (4.3.10)? */
static bool
starts_number(const struct reading *reading)
{
	gsize sign = peek(reading, 0) == '+' || peek(reading, 0) == '-';

	return g_ascii_isdigit(peek(reading, sign)) ||
	       (peek(reading, sign) == '.' && g_ascii_isdigit(peek(reading, sign + 1)));
}

/* --- names and strings --- */

/* Consumes an escape behind its backslash (4.3.7). */
static void
read_escape(struct reading *reading)
{
	gunichar code = 0;
	int digits = 0;

	if (is_at_end(reading)) {
		g_string_append_unichar(reading->text, 0xfffd);
		return;
	}
	for (; digits < 6 && g_ascii_isxdigit(peek(reading, 0)); digits++)
		code = code * 16 + (gunichar)g_ascii_xdigit_value(*reading->at++);
	if (digits == 0) {
		g_string_append_c(reading->text, *reading->at++);
		return;
	}
	if (peek(reading, 0) == '\r' && peek(reading, 1) == '\n')
		reading->at++;
	if (is_blank(peek(reading, 0)))
		reading->at++;
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		code = 0xfffd;
	g_string_append_unichar(reading->text, code);
}

static const char *
keep(struct reading *reading)
{
	const char *text = g_string_chunk_insert_len(reading->pool, reading->text->str,
						     (gssize)reading->text->len);

	g_string_truncate(reading->text, 0);
	return text;
}

/* 4.3.11 */
static const char *
read_name(struct reading *reading)
{
	for (;;) {
		if (is_escape(reading, 0)) {
			reading->at++;
			read_escape(reading);
		} else if (is_name(peek(reading, 0))) {
			g_string_append_c(reading->text, *reading->at++);
		} else {
			return keep(reading);
		}
	}
}

static void
skip_newline(struct reading *reading)
{
	reading->at += peek(reading, 0) == '\r' && peek(reading, 1) == '\n' ? 2 : 1;
}

/* 4.3.5 */
static void
read_string(struct reading *reading, struct css_token *token)
{
	char quote = *reading->at++;

	token->kind = CSS_STRING;
	while (!is_at_end(reading) && peek(reading, 0) != quote) {
		if (is_newline(peek(reading, 0))) {
			token->kind = CSS_BAD;
			break;
		}
		if (peek(reading, 0) != '\\') {
			g_string_append_c(reading->text, *reading->at++);
			continue;
		}
		reading->at++;
		if (is_newline(peek(reading, 0)))
			skip_newline(reading);
		else if (!is_at_end(reading))
			read_escape(reading);
	}
	if (peek(reading, 0) == quote)
		reading->at++;
	token->text = keep(reading);
}

static void
skip_blanks(struct reading *reading)
{
	while (is_blank(peek(reading, 0)))
		reading->at++;
}

/* 4.3.14 */
static void
skip_bad_url(struct reading *reading)
{
	while (!is_at_end(reading) && peek(reading, 0) != ')')
		reading->at += is_escape(reading, 0) && peek(reading, 1) != '\0' ? 2 : 1;
}

/* Consumes what is in the parentheses of url() without quotes (4.3.6), but for the last one. False:
 * something that cannot be part of a URL. */
static bool
pass_url(struct reading *reading)
{
	skip_blanks(reading);
	while (!is_at_end(reading) && peek(reading, 0) != ')') {
		char c = peek(reading, 0);

		if (is_escape(reading, 0)) {
			reading->at++;
			read_escape(reading);
		} else if (is_blank(c)) {
			skip_blanks(reading);
			if (!is_at_end(reading) && peek(reading, 0) != ')')
				return false;
		} else if (strchr("\"'(\\", c) != NULL || g_ascii_iscntrl(c)) {
			return false;
		} else {
			reading->at++;
		}
	}
	return true;
}

static void
read_url(struct reading *reading, struct css_token *token)
{
	token->kind = pass_url(reading) ? CSS_URL : CSS_BAD;
	skip_bad_url(reading);
	if (!is_at_end(reading))
		reading->at++;
	g_string_truncate(reading->text, 0);
}

/* --- numbers --- */

static void
skip_digits(struct reading *reading)
{
	while (g_ascii_isdigit(peek(reading, 0)))
		reading->at++;
}

/* 4.3.12 */
static void
skip_number(struct reading *reading)
{
	gsize sign;

	if (peek(reading, 0) == '+' || peek(reading, 0) == '-')
		reading->at++;
	skip_digits(reading);
	if (peek(reading, 0) == '.' && g_ascii_isdigit(peek(reading, 1))) {
		reading->at++;
		skip_digits(reading);
	}
	sign = peek(reading, 1) == '+' || peek(reading, 1) == '-';
	if ((peek(reading, 0) == 'e' || peek(reading, 0) == 'E') &&
	    g_ascii_isdigit(peek(reading, 1 + sign))) {
		reading->at += 1 + sign;
		skip_digits(reading);
	}
}

/* 4.3.3 */
static void
read_numeric(struct reading *reading, struct css_token *token)
{
	token->number = reading->at;
	skip_number(reading);
	token->number_length = (gsize)(reading->at - token->number);
	token->kind = CSS_NUMBER;
	if (starts_name(reading, 0)) {
		token->kind = CSS_DIMENSION;
		token->text = read_name(reading);
	} else if (peek(reading, 0) == '%') {
		token->kind = CSS_PERCENTAGE;
		reading->at++;
	}
}

/* --- tokens (4.3.1) --- */

/* An unquoted URL is one token; with quotes it is a function with a string (4.3.4). */
static bool
has_quote_next(const struct reading *reading)
{
	gsize ahead = 0;

	while (is_blank(peek(reading, ahead)))
		ahead++;
	return peek(reading, ahead) == '"' || peek(reading, ahead) == '\'';
}

static void
read_ident_like(struct reading *reading, struct css_token *token)
{
	token->kind = CSS_IDENT;
	token->text = read_name(reading);
	if (peek(reading, 0) != '(')
		return;
	reading->at++;
	token->kind = CSS_FUNCTION;
	if (g_ascii_strcasecmp(token->text, "url") == 0 && !has_quote_next(reading)) {
		token->text = "";
		read_url(reading, token);
	}
}

static bool
is_comment(const struct reading *reading)
{
	return peek(reading, 0) == '/' && peek(reading, 1) == '*';
}

/* Blanks, and comments (4.3.2): what stands on their two sides is never one token. */
static void
skip_space(struct reading *reading)
{
	while (is_blank(peek(reading, 0)) || is_comment(reading)) {
		const char *end = reading->end;

		if (!is_comment(reading)) {
			reading->at++;
			continue;
		}
		for (reading->at += 2; reading->at < end; reading->at++)
			if (peek(reading, 0) == '*' && peek(reading, 1) == '/')
				break;
		reading->at = end - reading->at < 2 ? end : reading->at + 2;
	}
}

static bool
skip_text(struct reading *reading, const char *text)
{
	gsize length = strlen(text);

	if ((gsize)(reading->end - reading->at) < length || memcmp(reading->at, text, length) != 0)
		return false;
	reading->at += length;
	return true;
}

static void
read_token(struct reading *reading, struct css_token *token)
{
	char c = peek(reading, 0);

	*token = (struct css_token){.kind = CSS_DELIM, .delim = c, .text = ""};
	if (is_blank(c) || is_comment(reading)) {
		token->kind = CSS_SPACE;
		skip_space(reading);
	} else if (c == '"' || c == '\'') {
		read_string(reading, token);
	} else if (starts_number(reading)) {
		read_numeric(reading, token);
	} else if (skip_text(reading, "<!--") || skip_text(reading, "-->")) {
		token->kind = CSS_CDO;
	} else if (starts_name(reading, 0)) {
		read_ident_like(reading, token);
	} else if (c == '#' && (is_name(peek(reading, 1)) || is_escape(reading, 1))) {
		reading->at++;
		token->kind = CSS_HASH;
		token->text = read_name(reading);
	} else if (c == '@' && starts_name(reading, 1)) {
		reading->at++;
		token->kind = CSS_AT_KEYWORD;
		token->text = read_name(reading);
	} else {
		reading->at++;
	}
}

struct css_token *
css_tokens(const char *source, gsize max, GStringChunk *pool, const struct css_token **end_r)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct reading reading = {source, source + strlen(source), pool, text};
	GArray *tokens = g_array_new(FALSE, FALSE, sizeof(struct css_token));
	struct css_token token = {.kind = CSS_END, .text = ""};

	while (reading.at < reading.end && tokens->len < max) {
		read_token(&reading, &token);
		g_array_append_val(tokens, token);
	}
	token = (struct css_token){.kind = CSS_END, .text = ""};
	g_array_append_val(tokens, token);
	*end_r = &g_array_index(tokens, struct css_token, tokens->len - 1);
	return (struct css_token *)g_array_free(tokens, FALSE);
}

bool
css_is_one_of(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (g_ascii_strcasecmp(*names, name) == 0)
			return true;
	return false;
}

/* --- writing --- */

static void
append_name_byte(GString *out, char c, bool is_first)
{
	if (g_ascii_isalpha(c) || c == '_' || (unsigned char)c >= 0x80 ||
	    (!is_first && (g_ascii_isdigit(c) || c == '-')))
		g_string_append_c(out, c);
	else
		g_string_append_printf(out, "\\%x ", (unsigned char)c);
}

void
css_append_ident(GString *out, const char *name)
{
	bool is_first = true;

	if (*name == '-' && name[1] != '\0') {
		g_string_append_c(out, *name++);
		is_first = *name != '-';
	}
	for (; *name != '\0'; name++, is_first = false)
		append_name_byte(out, *name, is_first);
}

void
css_append_string(GString *out, const char *text)
{
	g_string_append_c(out, '"');
	for (; *text != '\0'; text++)
		if (*text == ' ')
			g_string_append_c(out, ' ');
		else
			append_name_byte(out, *text, false);
	g_string_append_c(out, '"');
}

void
css_append_number(GString *out, const struct css_token *token)
{
	g_string_append_len(out, token->number, (gssize)token->number_length);
}

/* --- walking --- */

bool
css_is_delim(const struct css_token *token, char delim)
{
	return token->kind == CSS_DELIM && token->delim == delim;
}

char
css_closing(const struct css_token *token)
{
	if (token->kind == CSS_FUNCTION || css_is_delim(token, '('))
		return ')';
	return css_is_delim(token, '[') ? ']' : css_is_delim(token, '{') ? '}' : '\0';
}

/* Behind what the token begins. */
static const struct css_token *
behind_block(const struct css_token *token, const struct css_token *end)
{
	g_autoptr(GString) open = g_string_new(NULL);

	for (; token < end; token++) {
		if (css_closing(token) != '\0')
			g_string_append_c(open, css_closing(token));
		else if (css_is_delim(token, open->str[open->len - 1]))
			g_string_truncate(open, open->len - 1);
		if (open->len == 0)
			return token + 1;
	}
	return end;
}

const struct css_token *
css_behind(const struct css_token *token, const struct css_token *end)
{
	return css_closing(token) == '\0' ? token + 1 : behind_block(token, end);
}
