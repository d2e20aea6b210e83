#include "mail/css_sheet.h"

#include <string.h>

#include "mail/css_declarations.h"
#include "mail/css_selector.h"

enum {
	TOKENS_MAX = 100000,
	NESTING_MAX = 4, /* of media queries */
};

struct sheet {
	const char *scope;
	GString *out;
	bool is_whole; /* nothing refers to a picture elsewhere */
};

/* The first token of the kind or delimiter outside parentheses, or `end`. */
static const struct css_token *
find_delim(const struct css_token *token, const struct css_token *end, const char *delims)
{
	while (token < end && !(token->kind == CSS_DELIM && strchr(delims, token->delim) != NULL))
		token = css_behind(token, end);
	return token;
}

/* Just before the bracket that ends the block, if there is one. */
static const struct css_token *
block_end(const struct css_token *open, const struct css_token *end)
{
	const struct css_token *behind = css_behind(open, end);

	return behind - open > 1 && css_is_delim(behind - 1, '}') ? behind - 1 : behind;
}

/* --- rules --- */

/* Appends the selectors that are allowed, with commas. *is_page_r: one of them is the body's. */
static bool
append_selectors(struct sheet *sheet, const struct css_token *token, const struct css_token *end,
		 bool *is_page_r)
{
	bool is_any = false;

	*is_page_r = false;
	for (;;) {
		const struct css_token *comma = find_delim(token, end, ",");
		gsize before = sheet->out->len;
		bool is_page;

		if (is_any)
			g_string_append_c(sheet->out, ',');
		if (css_append_selector(token, comma, sheet->scope, sheet->out, &is_page))
			is_any = true;
		else
			g_string_truncate(sheet->out, before);
		*is_page_r = *is_page_r || is_page;
		if (comma == end)
			return is_any;
		token = comma + 1;
	}
}

/* Appends { declarations }. */
static void
append_block(struct sheet *sheet, const struct css_token *open, const struct css_token *end,
	     enum css_wanted wanted)
{
	g_string_append_c(sheet->out, '{');
	sheet->is_whole =
		css_append_declarations(open + 1, block_end(open, end), wanted, sheet->out) &&
		sheet->is_whole;
	g_string_append(sheet->out, "}\n");
}

static void
append_rule(struct sheet *sheet, const struct css_token *token, const struct css_token *open,
	    const struct css_token *end)
{
	bool is_page;

	if (!append_selectors(sheet, token, open, &is_page))
		return;
	append_block(sheet, open, end, CSS_ALL);
	if (!is_page)
		return;
	g_string_append_printf(sheet->out, ".%s", sheet->scope);
	append_block(sheet, open, end, CSS_GROUND);
}

/* --- media queries --- */

static bool
append_media(const struct css_token *token, const struct css_token *end, GString *out)
{
	for (; token < end; token++) {
		if (token->number != NULL)
			css_append_number(out, token);
		if (token->kind == CSS_IDENT || token->kind == CSS_DIMENSION)
			css_append_ident(out, token->text);
		else if (token->kind == CSS_SPACE)
			g_string_append_c(out, ' ');
		else if (token->kind == CSS_DELIM && strchr("():,=", token->delim) != NULL)
			g_string_append_c(out, token->delim);
		else if (token->kind != CSS_NUMBER)
			return false;
	}
	return true;
}

static void append_rules(struct sheet *sheet, const struct css_token *token,
			 const struct css_token *end, int nesting);

/* @media and its rules. */
static void
append_conditional(struct sheet *sheet, const struct css_token *token, const struct css_token *open,
		   const struct css_token *end, int nesting)
{
	g_autoptr(GString) query = g_string_new(NULL);

	if (nesting >= NESTING_MAX || !append_media(token + 1, open, query))
		return;
	g_string_append_printf(sheet->out, "@media%s{", query->str);
	append_rules(sheet, open + 1, block_end(open, end), nesting + 1);
	g_string_append(sheet->out, "}\n");
}

static void
append_rules(struct sheet *sheet, const struct css_token *token, const struct css_token *end,
	     int nesting)
{
	while (token < end) {
		bool is_at = token->kind == CSS_AT_KEYWORD;
		const struct css_token *open;

		if (token->kind == CSS_SPACE || (nesting == 0 && token->kind == CSS_CDO)) {
			token++;
			continue;
		}
		open = find_delim(token, end, is_at ? "{;" : "{");
		if (open < end && css_is_delim(open, '{')) {
			if (!is_at)
				append_rule(sheet, token, open, end);
			else if (g_ascii_strcasecmp(token->text, "media") == 0)
				append_conditional(sheet, token, open, end, nesting);
		}
		token = open < end ? css_behind(open, end) : end;
	}
}

/* The query of a media attribute opens a block around the whole sheet. */
static bool
append_attribute(struct sheet *sheet, const char *media, GStringChunk *pool)
{
	const struct css_token *end;
	g_autofree struct css_token *tokens = css_tokens(media, TOKENS_MAX, pool, &end);
	g_autoptr(GString) query = g_string_new(NULL);

	if (!append_media(tokens, end, query))
		return false;
	g_string_append_printf(sheet->out, "@media %s{", query->str);
	return true;
}

bool
css_append_sheet(const char *text, const char *media, const char *scope, GString *out)
{
	struct sheet sheet = {.scope = scope, .out = out, .is_whole = true};
	g_autoptr(GStringChunk) pool = g_string_chunk_new(4096);
	const struct css_token *end;
	g_autofree struct css_token *tokens = css_tokens(text, TOKENS_MAX, pool, &end);
	bool is_conditional = media != NULL && *media != '\0';

	if (is_conditional && !append_attribute(&sheet, media, pool))
		return true;
	append_rules(&sheet, tokens, end, 0);
	if (is_conditional)
		g_string_append(out, "}\n");
	return sheet.is_whole;
}
