#include "mail/css_declarations.h"

#include <string.h>

/* --- what is allowed --- */

static const char *const properties[] = {
	"align-content",
	"align-items",
	"align-self",
	"background",
	"background-clip",
	"background-color",
	"background-image",
	"background-origin",
	"background-position",
	"background-repeat",
	"background-size",
	"border",
	"border-bottom",
	"border-bottom-color",
	"border-bottom-left-radius",
	"border-bottom-right-radius",
	"border-bottom-style",
	"border-bottom-width",
	"border-collapse",
	"border-color",
	"border-left",
	"border-left-color",
	"border-left-style",
	"border-left-width",
	"border-radius",
	"border-right",
	"border-right-color",
	"border-right-style",
	"border-right-width",
	"border-spacing",
	"border-style",
	"border-top",
	"border-top-color",
	"border-top-left-radius",
	"border-top-right-radius",
	"border-top-style",
	"border-top-width",
	"border-width",
	"box-shadow",
	"box-sizing",
	"caption-side",
	"clear",
	"color",
	"color-scheme",
	"column-count",
	"column-gap",
	"column-width",
	"content",
	"direction",
	"display",
	"empty-cells",
	"flex",
	"flex-basis",
	"flex-direction",
	"flex-flow",
	"flex-grow",
	"flex-shrink",
	"flex-wrap",
	"float",
	"font",
	"font-family",
	"font-feature-settings",
	"font-kerning",
	"font-size",
	"font-stretch",
	"font-style",
	"font-variant",
	"font-weight",
	"gap",
	"grid-template-columns",
	"height",
	"hyphens",
	"justify-content",
	"justify-items",
	"letter-spacing",
	"line-height",
	"list-style",
	"list-style-position",
	"list-style-type",
	"margin",
	"margin-bottom",
	"margin-left",
	"margin-right",
	"margin-top",
	"max-height",
	"max-width",
	"min-height",
	"min-width",
	"object-fit",
	"opacity",
	"order",
	"outline",
	"outline-color",
	"outline-offset",
	"outline-style",
	"outline-width",
	"overflow",
	"overflow-wrap",
	"overflow-x",
	"overflow-y",
	"padding",
	"padding-bottom",
	"padding-left",
	"padding-right",
	"padding-top",
	"page-break-after",
	"page-break-before",
	"page-break-inside",
	"quotes",
	"row-gap",
	"tab-size",
	"table-layout",
	"text-align",
	"text-align-last",
	"text-decoration",
	"text-decoration-color",
	"text-decoration-line",
	"text-decoration-style",
	"text-indent",
	"text-overflow",
	"text-shadow",
	"text-transform",
	"unicode-bidi",
	"vertical-align",
	"visibility",
	"white-space",
	"width",
	"word-break",
	"word-spacing",
	"word-wrap",
	NULL,
};

static const char *const ground[] = {
	"background",	     "background-clip",	  "background-color",
	"background-image",  "background-origin", "background-position",
	"background-repeat", "background-size",	  NULL};

static const char *const functions[] = {"calc",
					"clamp",
					"hsl",
					"hsla",
					"linear-gradient",
					"max",
					"min",
					"minmax",
					"radial-gradient",
					"repeat",
					"repeating-linear-gradient",
					"repeating-radial-gradient",
					"rgb",
					"rgba",
					NULL};

static const char *const units[] = {"ch", "cm", "deg", "em",  "ex",   "fr",   "grad", "in",
				    "mm", "pc", "pt",  "px",  "rad",  "rem",  "turn", "vh",
				    "vw", "x",	"q",   "dpi", "dppx", "vmin", "vmax", NULL};

/* --- values --- */

struct value {
	GString *text;
	bool is_whole; /* nothing in it refers to a picture elsewhere */
};

static bool
is_colour(const char *digits)
{
	gsize length = strlen(digits);

	return (length == 3 || length == 4 || length == 6 || length == 8) &&
	       strspn(digits, "0123456789abcdefABCDEF") == length;
}

static bool
append_dimension(GString *out, const struct css_token *token)
{
	if (!css_is_one_of(units, token->text))
		return false;
	css_append_number(out, token);
	css_append_ident(out, token->text);
	return true;
}

/* Appends one token, but for functions that load something. False: it is not allowed. */
static bool
append_token(GString *out, const struct css_token *token)
{
	switch (token->kind) {
	case CSS_IDENT:
		css_append_ident(out, token->text);
		return true;
	case CSS_FUNCTION:
		css_append_ident(out, token->text);
		g_string_append_c(out, '(');
		return css_is_one_of(functions, token->text);
	case CSS_HASH:
		g_string_append_printf(out, "#%s", token->text);
		return is_colour(token->text);
	case CSS_STRING:
		css_append_string(out, token->text);
		return true;
	case CSS_NUMBER:
		css_append_number(out, token);
		return true;
	case CSS_PERCENTAGE:
		css_append_number(out, token);
		g_string_append_c(out, '%');
		return true;
	case CSS_DIMENSION:
		return append_dimension(out, token);
	case CSS_SPACE:
		g_string_append_c(out, ' ');
		return true;
	case CSS_DELIM:
		g_string_append_c(out, token->delim);
		return strchr(",/+-*()!", token->delim) != NULL;
	default:
		return false;
	}
}

static bool
is_picture(const struct css_token *token)
{
	static const char *const loading[] = {
		"url", "src", "image", "image-set", "-webkit-image-set", "cross-fade", NULL};

	return token->kind == CSS_URL ||
	       (token->kind == CSS_FUNCTION && css_is_one_of(loading, token->text));
}

/* Parentheses pair up, or what follows would become part of the value. */
static bool
read_value(const struct css_token *token, const struct css_token *end, struct value *value)
{
	int depth = 0;

	while (token < end) {
		if (is_picture(token)) {
			value->is_whole = false;
			g_string_append_c(value->text, ' ');
			token = token->kind == CSS_URL ? token + 1 : css_behind(token, end);
			continue;
		}
		depth += css_closing(token) == ')' ? 1 : css_is_delim(token, ')') ? -1 : 0;
		if (depth < 0 || !append_token(value->text, token))
			return false;
		token++;
	}
	return depth == 0;
}

/* --- declarations --- */

/* The semicolon that ends the declaration, or behind the block that ends an at-rule; or `end`. */
static const struct css_token *
declaration_end(const struct css_token *token, const struct css_token *end)
{
	bool is_rule = token->kind == CSS_AT_KEYWORD;

	while (token < end && !css_is_delim(token, ';')) {
		bool is_block = css_is_delim(token, '{');

		token = css_behind(token, end);
		if (is_rule && is_block)
			break;
	}
	return token;
}

/* Returns false if the value refers to a picture elsewhere. */
static bool
append_declaration(const struct css_token *token, const struct css_token *end,
		   enum css_wanted wanted, GString *out)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct value value = {.text = text, .is_whole = true};
	const char *name = token->text;

	if (token->kind != CSS_IDENT ||
	    !css_is_one_of(wanted == CSS_ALL ? properties : ground, name))
		return true;
	for (token++; token < end && token->kind == CSS_SPACE; token++)
		;
	if (token == end || !css_is_delim(token, ':'))
		return true;
	if (!read_value(token + 1, end, &value))
		return value.is_whole;
	g_strstrip(text->str);
	if (*text->str != '\0') {
		css_append_ident(out, name);
		g_string_append_printf(out, ":%s;", text->str);
	}
	return value.is_whole;
}

bool
css_append_declarations(const struct css_token *token, const struct css_token *end,
			enum css_wanted wanted, GString *out)
{
	bool is_whole = true;

	while (token < end) {
		const struct css_token *last;

		if (token->kind == CSS_SPACE || css_is_delim(token, ';')) {
			token++;
			continue;
		}
		last = declaration_end(token, end);
		is_whole = append_declaration(token, last, wanted, out) && is_whole;
		token = last;
	}
	return is_whole;
}
