#include "mail/html_text.h"

#include <string.h>

enum { ASIDE_MAX = 65536 };

static bool
is_one_of(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* --- text --- */

static void
put_letter(struct html_text *html, char c)
{
	if (html->blank != 0 && html->has_begun)
		g_string_append_c(html->text, html->blank);
	html->blank = 0;
	html->has_begun = true;
	g_string_append_c(html->text, c);
}

static void
hear_text(void *context, const char *within, const char *text, size_t length)
{
	static const char *const shown[] = {"textarea", "xmp", "plaintext", NULL};
	struct html_text *html = context;
	bool is_raw = *within != '\0';

	if (html->hidden > 0 || (is_raw && !is_one_of(within, shown)))
		return;
	for (size_t i = 0; i < length; i++) {
		bool is_space = text[i] != '\0' && strchr(" \t\r\n\f", text[i]) != NULL;

		if (!is_space || is_raw || html->preformatted > 0)
			put_letter(html, text[i]);
		else if (html->blank == 0)
			html->blank = ' ';
	}
}

/* --- attributes --- */

static const char *
without_blanks(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++)
		if (!g_ascii_isspace(*from))
			*to++ = g_ascii_tolower(*from);
	*to = '\0';
	return text;
}

/* Is a size zero, wherever the style says so, and not just the beginning of 0.9em? `property` ends
 * with the colon. */
static bool
is_zero(const char *style, const char *property)
{
	for (const char *at = style; (at = strstr(at, property)) != NULL;) {
		char *end;

		at += strlen(property);
		if (g_ascii_strtod(at, &end) == 0 && end > at)
			return true;
	}
	return false;
}

static bool
hides(const char *value)
{
	g_autofree char *copy = g_strdup(value);
	const char *style = without_blanks(copy);

	return strstr(style, "display:none") != NULL ||
	       strstr(style, "visibility:hidden") != NULL ||
	       strstr(style, "visibility:collapse") != NULL ||
	       strstr(style, "mso-hide:all") != NULL || is_zero(style, "font-size:") ||
	       is_zero(style, "max-height:") || is_zero(style, "opacity:");
}

static void
flush_aside(struct html_text *html)
{
	g_string_append_len(html->text, html->aside->str, (gssize)html->aside->len);
	g_string_truncate(html->aside, 0);
}

static void
hear_attribute(void *context, const char *name, const char *value)
{
	static const char *const said[] = {"alt",   "title",	  "value", "placeholder",
					   "label", "aria-label", NULL};
	struct html_text *html = context;

	if (strcmp(name, "hidden") == 0 || (strcmp(name, "style") == 0 && hides(value)))
		html->is_hiding = true;
	if (html->view != HTML_WIDE || *value == '\0' || !is_one_of(name, said))
		return;
	g_string_append_printf(html->aside, "\n%s\n", value);
	if (html->aside->len > ASIDE_MAX)
		flush_aside(html);
}

static bool
hear_conditional(void *context)
{
	struct html_text *html = context;

	html->differs = true;
	return html->view == HTML_WIDE;
}

/* --- tags --- */

static bool
is_void(const char *name)
{
	static const char *const names[] = {"area",  "base",  "br",   "col",  "embed", "hr",
					    "img",   "input", "link", "meta", "param", "source",
					    "track", "wbr",   "",     NULL};

	return is_one_of(name, names);
}

/* Returns true if nothing of the element is visible. A hidden element ends with the matching end
 * tag of the same name. */
static bool
is_hidden(struct html_text *html, const char *name, bool is_end)
{
	bool begins =
		!is_end && !is_void(name) && (html->is_hiding || strcmp(name, "template") == 0);

	html->is_hiding = false;
	html->differs |= begins;
	if (html->view == HTML_WIDE)
		return false;
	if (html->hidden == 0 && begins) {
		html->hidden = 1;
		memcpy(html->hidden_by, name, sizeof html->hidden_by);
	} else if (html->hidden > 0 && strcmp(name, html->hidden_by) == 0) {
		html->hidden += is_end ? (unsigned)-1 : 1;
	}
	return html->hidden > 0 || begins;
}

static bool
is_block(const char *name)
{
	static const char *const names[] = {
		"address", "article",  "aside",	   "blockquote", "body",       "br",
		"caption", "center",   "dd",	   "details",	 "dialog",     "dir",
		"div",	   "dl",       "dt",	   "fieldset",	 "figcaption", "figure",
		"footer",  "form",     "frameset", "h1",	 "h2",	       "h3",
		"h4",	   "h5",       "h6",	   "header",	 "hr",	       "html",
		"legend",  "li",       "listing",  "main",	 "menu",       "nav",
		"ol",	   "optgroup", "option",   "p",		 "plaintext",  "pre",
		"section", "select",   "summary",  "table",	 "tbody",      "tfoot",
		"thead",   "tr",       "ul",	   "xmp",	 NULL};

	return is_one_of(name, names);
}

static void
count_preformatted(struct html_text *html, const char *name, bool is_end)
{
	static const char *const names[] = {"pre", "listing", NULL};

	if (!is_one_of(name, names))
		return;
	if (!is_end)
		html->preformatted++;
	else if (html->preformatted > 0)
		html->preformatted--;
}

static void
hear_tag(void *context, const char *name, bool is_end)
{
	struct html_text *html = context;

	if (is_hidden(html, name, is_end))
		return;
	count_preformatted(html, name, is_end);
	if (is_block(name))
		html->blank = '\n';
	else if (html->blank != '\n' && (strcmp(name, "td") == 0 || strcmp(name, "th") == 0))
		html->blank = '\t';
}

/* --- all --- */

static const struct html_reader reader = {hear_text, hear_attribute, hear_tag, hear_conditional};

void
html_text_init(struct html_text *html, enum html_view view)
{
	*html = (struct html_text){.view = view, .aside = g_string_new(NULL)};
	html_tokens_init(&html->tokens, &reader, html);
}

void
html_text_clear(struct html_text *html)
{
	html_tokens_clear(&html->tokens);
	g_string_free(html->aside, TRUE);
}

void
html_text_step(struct html_text *html, const char *data, size_t length, GString *text)
{
	html->text = text;
	html_tokens_step(&html->tokens, data, length);
}

void
html_text_end(struct html_text *html, GString *text)
{
	html->text = text;
	html_tokens_end(&html->tokens);
	flush_aside(html);
}
