#include "mail/css_selector.h"

#include <string.h>

/* What has been read of a selector. */
struct selector {
	const struct css_token *at, *end;
	GString *out;
	bool is_root; /* nothing but html so far */
	bool is_page; /* the last compound is the body */
};

static const char *const states[] = {
	"active",     "after",	       "before",       "empty",	  "first-child", "first-letter",
	"first-line", "first-of-type", "focus",	       "hover",	  "last-child",	 "last-of-type",
	"link",	      "only-child",    "only-of-type", "visited", NULL};
static const char *const counted[] = {"nth-child", "nth-last-child", "nth-last-of-type",
				      "nth-of-type", NULL};

static bool
takes_delim(struct selector *selector, char delim)
{
	if (selector->at == selector->end || !css_is_delim(selector->at, delim))
		return false;
	selector->at++;
	return true;
}

static bool
is_kind(const struct selector *selector, enum css_kind kind)
{
	return selector->at < selector->end && selector->at->kind == kind;
}

static void
skip_space(struct selector *selector)
{
	while (is_kind(selector, CSS_SPACE))
		selector->at++;
}

/* --- parts of a compound --- */

/* Behind the bracket: [name], [name=value], [name~="value"] and the like. */
static bool
append_attribute(struct selector *selector)
{
	g_string_append_c(selector->out, '[');
	skip_space(selector);
	if (!is_kind(selector, CSS_IDENT))
		return false;
	css_append_ident(selector->out, selector->at++->text);
	skip_space(selector);
	if (takes_delim(selector, ']')) {
		g_string_append_c(selector->out, ']');
		return true;
	}
	if (is_kind(selector, CSS_DELIM) && strchr("~|^$*", selector->at->delim) != NULL)
		g_string_append_c(selector->out, selector->at++->delim);
	if (!takes_delim(selector, '='))
		return false;
	g_string_append_c(selector->out, '=');
	skip_space(selector);
	if (!is_kind(selector, CSS_IDENT) && !is_kind(selector, CSS_STRING))
		return false;
	css_append_string(selector->out, selector->at++->text);
	skip_space(selector);
	g_string_append_c(selector->out, ']');
	return takes_delim(selector, ']');
}

/* An+B: in the tokens of a sheet it is numbers, dimensions, names and signs in many combinations.
 */
static bool
append_count(struct selector *selector)
{
	while (selector->at < selector->end && !css_is_delim(selector->at, ')')) {
		const struct css_token *token = selector->at++;

		if (token->kind == CSS_SPACE)
			continue;
		if (token->kind == CSS_NUMBER || token->kind == CSS_DIMENSION)
			css_append_number(selector->out, token);
		else if (css_is_delim(token, '+') || css_is_delim(token, '-'))
			g_string_append_c(selector->out, token->delim);
		else if (token->kind != CSS_IDENT)
			return false;
		if (token->kind == CSS_DIMENSION || token->kind == CSS_IDENT)
			css_append_ident(selector->out, token->text);
	}
	g_string_append_c(selector->out, ')');
	return takes_delim(selector, ')');
}

/* Behind the first colon. */
static bool
append_state(struct selector *selector)
{
	g_string_append_c(selector->out, ':');
	if (takes_delim(selector, ':'))
		g_string_append_c(selector->out, ':');
	if (is_kind(selector, CSS_IDENT) && css_is_one_of(states, selector->at->text)) {
		css_append_ident(selector->out, selector->at++->text);
		return true;
	}
	if (!is_kind(selector, CSS_FUNCTION) || !css_is_one_of(counted, selector->at->text))
		return false;
	css_append_ident(selector->out, selector->at++->text);
	g_string_append_c(selector->out, '(');
	return append_count(selector);
}

/* Appends classes, names, attributes and states up to the next combinator. */
static bool
append_rest(struct selector *selector)
{
	while (selector->at < selector->end) {
		if (is_kind(selector, CSS_HASH)) {
			g_string_append_c(selector->out, '#');
			css_append_ident(selector->out, selector->at++->text);
		} else if (takes_delim(selector, '.')) {
			if (!is_kind(selector, CSS_IDENT))
				return false;
			g_string_append_c(selector->out, '.');
			css_append_ident(selector->out, selector->at++->text);
		} else if (takes_delim(selector, '[')) {
			if (!append_attribute(selector))
				return false;
		} else if (takes_delim(selector, ':')) {
			if (!append_state(selector))
				return false;
		} else {
			return true;
		}
	}
	return true;
}

/* --- compounds and combinators --- */

/* The next combinator, with the blanks around it; '\0' at the end. */
static char
next_combinator(struct selector *selector)
{
	char combinator = '\0';

	if (is_kind(selector, CSS_SPACE))
		combinator = ' ';
	skip_space(selector);
	if (selector->at == selector->end)
		return '\0';
	if (is_kind(selector, CSS_DELIM) && strchr(">+~", selector->at->delim) != NULL) {
		combinator = selector->at++->delim;
		skip_space(selector);
	}
	return combinator;
}

/* :root is html. */
static bool
takes_root(struct selector *selector)
{
	const struct css_token *token = selector->at;

	if (is_kind(selector, CSS_IDENT) && g_ascii_strcasecmp(token->text, "html") == 0) {
		selector->at++;
		return true;
	}
	if (selector->end - token < 2 || !css_is_delim(token, ':') || token[1].kind != CSS_IDENT ||
	    g_ascii_strcasecmp(token[1].text, "root") != 0)
		return false;
	selector->at += 2;
	return true;
}

static bool
takes_body(struct selector *selector)
{
	bool takes =
		is_kind(selector, CSS_IDENT) && g_ascii_strcasecmp(selector->at->text, "body") == 0;

	selector->at += takes;
	return takes;
}

static bool
append_element(struct selector *selector)
{
	const struct css_token *begin = selector->at;

	if (is_kind(selector, CSS_IDENT))
		css_append_ident(selector->out, selector->at++->text);
	else if (takes_delim(selector, '*'))
		g_string_append_c(selector->out, '*');
	return append_rest(selector) && selector->at > begin;
}

/* html and body are at the top, so they are what the first compounds may say. */
static bool
append_compound(struct selector *selector, char combinator, bool is_first)
{
	bool is_top = is_first || selector->is_root;

	selector->is_page = false;
	if (is_first && takes_root(selector)) {
		selector->is_root = true;
		return append_rest(selector);
	}
	selector->is_root = false;
	if (is_top && strchr(" >", combinator) != NULL && takes_body(selector)) {
		selector->is_page = true;
		g_string_append(selector->out, ">" CSS_BODY);
		return append_rest(selector);
	}
	if (is_top && !is_first && combinator != ' ')
		return false;
	g_string_append_c(selector->out, combinator);
	return append_element(selector);
}

bool
css_append_selector(const struct css_token *token, const struct css_token *end, const char *scope,
		    GString *out, bool *is_page_r)
{
	struct selector selector = {.at = token, .end = end, .out = out};
	gsize before = out->len;
	char combinator = ' ';
	bool is_first = true, is_sound = true;

	g_string_append_printf(out, ".%s", scope);
	skip_space(&selector);
	do {
		is_sound = append_compound(&selector, combinator, is_first);
		is_first = false;
		combinator = is_sound ? next_combinator(&selector) : '\0';
	} while (combinator != '\0');
	is_sound = is_sound && selector.at == end;
	if (!is_sound)
		g_string_truncate(out, before);
	*is_page_r = is_sound && selector.is_page;
	return is_sound;
}
