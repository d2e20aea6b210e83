#include "mail/html_text.h"

#include <string.h>

#include "mail/visual_order.h"

enum { ASIDE_MAX = 65536, CHARACTER_MAX = 8 /* bytes that a reference stands for */ };

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
begin_override(struct html_text *html, const struct html_override *override)
{
	g_string_append(html->text,
			override->direction == HTML_TO_LEFT ? OVERRIDE_TO_LEFT : OVERRIDE_TO_RIGHT);
}

/* In Unicode, an override ends with the line. */
static void
put_raw(struct html_text *html, char c)
{
	g_string_append_c(html->text, c);
	for (unsigned i = 0; c == '\n' && i < html->overrides_count; i++)
		begin_override(html, &html->overrides[i]);
}

static void
put_blank(struct html_text *html)
{
	if (html->blank != 0 && html->has_begun)
		put_raw(html, html->blank);
	html->blank = 0;
}

static void
put_letter(struct html_text *html, char c)
{
	put_blank(html);
	html->has_begun = true;
	put_raw(html, c);
}

static void
flush_aside(struct html_text *html)
{
	g_string_append_len(html->text, html->aside->str, (gssize)html->aside->len);
	g_string_truncate(html->aside, 0);
}

static void
put_aside(struct html_text *html, const char *text, size_t length)
{
	g_string_append_len(html->aside, text, (gssize)length);
	if (html->aside->len > ASIDE_MAX)
		flush_aside(html);
}

static void
hear_text(void *context, const char *within, const char *text, size_t length)
{
	static const char *const shown[] = {"textarea", "xmp", "plaintext", NULL};
	struct html_text *html = context;
	bool is_raw = *within != '\0';

	/* The title of a page is above it. */
	if (html->view == HTML_WIDE && strcmp(within, "title") == 0)
		put_aside(html, text, length);
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

/* "\6f" or "\6f " is "o" (CSS Syntax 4.3.7). Characters beyond ASCII occur in no word that is
 * sought. */
static char
unescape(const char **at)
{
	unsigned code = 0, digits = 0;

	for (; digits < 6 && g_ascii_isxdigit(**at); digits++, (*at)++)
		code = code * 16 + (unsigned)g_ascii_xdigit_value(**at);
	if (digits == 0)
		return **at == '\0' ? '?' : *(*at)++;
	if (g_ascii_isspace(**at))
		(*at)++;
	return code > 0 && code < 0x80 ? (char)code : '?';
}

/* Without blanks and comments, in lower case. */
static const char *
plain_style(char *text)
{
	const char *from = text;
	char *to = text;

	while (*from != '\0') {
		const char *end = g_str_has_prefix(from, "/*") ? strstr(from + 2, "*/") : NULL;
		char c;

		if (end != NULL) {
			from = end + 2;
			continue;
		}
		c = *from++;
		if (c == '\\')
			c = unescape(&from);
		if (!g_ascii_isspace(c))
			*to++ = g_ascii_tolower(c);
	}
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
hides(const char *style)
{
	return strstr(style, "display:none") != NULL ||
	       strstr(style, "visibility:hidden") != NULL ||
	       strstr(style, "visibility:collapse") != NULL ||
	       strstr(style, "mso-hide:all") != NULL ||
	       strstr(style, "color:transparent") != NULL || is_zero(style, "font-size:") ||
	       is_zero(style, "font:") || is_zero(style, "max-height:") ||
	       is_zero(style, "opacity:") ||
	       (strstr(style, "overflow:hidden") != NULL &&
		(is_zero(style, "width:") || is_zero(style, "height:")));
}

/* "rtl", "direction:rtl" */
static enum html_direction
direction_in(const char *value, const char *before)
{
	const char *at = strstr(value, before);

	at = at == NULL ? "" : at + strlen(before);
	return g_ascii_strncasecmp(at, "rtl", 3) == 0	? HTML_TO_LEFT
	       : g_ascii_strncasecmp(at, "ltr", 3) == 0 ? HTML_TO_RIGHT
							: HTML_UNSAID;
}

static void
say_direction(struct html_text *html, enum html_direction direction)
{
	if (direction != HTML_UNSAID)
		html->direction = html->last_direction = direction;
}

static void
hear_style(struct html_text *html, const char *value)
{
	g_autofree char *copy = g_strdup(value);
	const char *style = plain_style(copy);

	/* What was cut off may hide the element. */
	html->is_hiding |= hides(style) || strlen(value) > HTML_VALUE_MAX - CHARACTER_MAX;
	html->is_overriding |=
		strstr(style, "unicode-bidi:") != NULL && strstr(style, "override") != NULL;
	say_direction(html, direction_in(style, "direction:"));
}

static void
hear_attribute(void *context, const char *name, const char *value)
{
	static const char *const said[] = {"alt",   "title",	  "value", "placeholder",
					   "label", "aria-label", NULL};
	struct html_text *html = context;

	if (strcmp(name, "hidden") == 0)
		html->is_hiding = true;
	else if (strcmp(name, "style") == 0)
		hear_style(html, value);
	else if (strcmp(name, "dir") == 0)
		say_direction(html, direction_in(value, ""));
	if (html->view != HTML_WIDE || *value == '\0' || !is_one_of(name, said))
		return;
	put_aside(html, "\n", 1);
	put_aside(html, value, strlen(value));
	put_aside(html, "\n", 1);
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
	static const char *const names[] = {"area",  "base",   "br",	"col",	"embed",
					    "hr",    "img",    "input", "link", "meta",
					    "param", "source", "track", "wbr",	NULL};

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

static void
open_override(struct html_text *html, const char *name, enum html_direction direction)
{
	struct html_override *override = &html->overrides[html->overrides_count++];

	override->depth = 0;
	override->direction = direction;
	memcpy(override->name, name, sizeof override->name);
	put_blank(html);
	begin_override(html, override);
}

/* An element that does not say its own direction has that of one around it. */
static void
follow_overrides(struct html_text *html, const char *name, bool is_end)
{
	struct html_override *last =
		html->overrides_count == 0 ? NULL : &html->overrides[html->overrides_count - 1];
	bool is_bdo = strcmp(name, "bdo") == 0;
	enum html_direction direction =
		html->direction != HTML_UNSAID || is_bdo ? html->direction : html->last_direction;
	bool opens = !is_end && (is_bdo || html->is_overriding) && !is_void(name) &&
		     direction != HTML_UNSAID && html->overrides_count < HTML_OVERRIDES_MAX;

	html->is_overriding = false;
	html->direction = HTML_UNSAID;
	if (opens) {
		open_override(html, name, direction);
	} else if (last != NULL && strcmp(last->name, name) == 0) {
		if (!is_end) {
			last->depth++;
		} else if (last->depth-- == 0) {
			html->overrides_count--;
			g_string_append(html->text, OVERRIDE_END);
		}
	}
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

	follow_overrides(html, name, is_end);
	if (is_hidden(html, name, is_end))
		return;
	count_preformatted(html, name, is_end);
	if (html->view == HTML_WIDE && strcmp(name, "title") == 0)
		put_aside(html, "\n", 1);
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
