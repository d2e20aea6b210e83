#include "mail/html_mail.h"

#include <gumbo.h>
#include <stdio.h>
#include <string.h>

#include "core/reader/serve.h"
#include "mail/css_declarations.h"
#include "mail/css_selector.h"
#include "mail/css_sheet.h"

enum {
	DEPTH_MAX = 512, /* the same as browsers */
	STYLE_TOKENS_MAX = 2000,
	HTML_MAIL_MAX = 1024 * 1024,
};

struct cleaning {
	GString *out;
	const char *scope;
	size_t sheet_read; /* bytes of style elements */
	unsigned depth;
	char left_out; /* HTML_MAIL_… flags */
};

/* --- text --- */

static void
append_escaped(GString *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			g_string_append(out, "&amp;");
			break;
		case '<':
			g_string_append(out, "&lt;");
			break;
		case '>':
			g_string_append(out, "&gt;");
			break;
		case '"':
			g_string_append(out, "&quot;");
			break;
		case '\'':
			g_string_append(out, "&#39;");
			break;
		case '`':
			g_string_append(out, "&#96;");
			break;
		default:
			g_string_append_c(out, *text);
		}
	}
}

static void
append_attribute(GString *out, const char *name, const char *value)
{
	g_string_append_printf(out, " %s=\"", name);
	append_escaped(out, value);
	g_string_append_c(out, '"');
}

/* --- the allow-lists --- */

static const GumboTag shown[] = {
	GUMBO_TAG_A,	  GUMBO_TAG_ABBR,    GUMBO_TAG_ADDRESS,	   GUMBO_TAG_ARTICLE,
	GUMBO_TAG_ASIDE,  GUMBO_TAG_B,	     GUMBO_TAG_BIG,	   GUMBO_TAG_BLOCKQUOTE,
	GUMBO_TAG_BR,	  GUMBO_TAG_CAPTION, GUMBO_TAG_CENTER,	   GUMBO_TAG_CITE,
	GUMBO_TAG_CODE,	  GUMBO_TAG_COL,     GUMBO_TAG_COLGROUP,   GUMBO_TAG_DD,
	GUMBO_TAG_DEL,	  GUMBO_TAG_DFN,     GUMBO_TAG_DIV,	   GUMBO_TAG_DL,
	GUMBO_TAG_DT,	  GUMBO_TAG_EM,	     GUMBO_TAG_FIGCAPTION, GUMBO_TAG_FIGURE,
	GUMBO_TAG_FONT,	  GUMBO_TAG_FOOTER,  GUMBO_TAG_H1,	   GUMBO_TAG_H2,
	GUMBO_TAG_H3,	  GUMBO_TAG_H4,	     GUMBO_TAG_H5,	   GUMBO_TAG_H6,
	GUMBO_TAG_HEADER, GUMBO_TAG_HR,	     GUMBO_TAG_I,	   GUMBO_TAG_IMG,
	GUMBO_TAG_INS,	  GUMBO_TAG_KBD,     GUMBO_TAG_LI,	   GUMBO_TAG_MARK,
	GUMBO_TAG_OL,	  GUMBO_TAG_P,	     GUMBO_TAG_PRE,	   GUMBO_TAG_Q,
	GUMBO_TAG_S,	  GUMBO_TAG_SAMP,    GUMBO_TAG_SECTION,	   GUMBO_TAG_SMALL,
	GUMBO_TAG_SPAN,	  GUMBO_TAG_STRIKE,  GUMBO_TAG_STRONG,	   GUMBO_TAG_SUB,
	GUMBO_TAG_SUP,	  GUMBO_TAG_TABLE,   GUMBO_TAG_TBODY,	   GUMBO_TAG_TD,
	GUMBO_TAG_TFOOT,  GUMBO_TAG_TH,	     GUMBO_TAG_THEAD,	   GUMBO_TAG_TIME,
	GUMBO_TAG_TR,	  GUMBO_TAG_TT,	     GUMBO_TAG_U,	   GUMBO_TAG_UL,
	GUMBO_TAG_VAR,	  GUMBO_TAG_WBR,
};

/* Elements whose content is not text to read. Of all other elements that are not shown, the content
 * is shown. */
static const GumboTag silent[] = {
	GUMBO_TAG_SCRIPT,   GUMBO_TAG_STYLE,	GUMBO_TAG_HEAD,	   GUMBO_TAG_TITLE,
	GUMBO_TAG_TEMPLATE, GUMBO_TAG_IFRAME,	GUMBO_TAG_FRAME,   GUMBO_TAG_FRAMESET,
	GUMBO_TAG_NOFRAMES, GUMBO_TAG_NOSCRIPT, GUMBO_TAG_NOEMBED, GUMBO_TAG_OBJECT,
	GUMBO_TAG_EMBED,    GUMBO_TAG_APPLET,	GUMBO_TAG_SVG,	   GUMBO_TAG_MATH,
	GUMBO_TAG_AUDIO,    GUMBO_TAG_VIDEO,	GUMBO_TAG_CANVAS,  GUMBO_TAG_SELECT,
	GUMBO_TAG_TEXTAREA, GUMBO_TAG_INPUT,	GUMBO_TAG_BUTTON,  GUMBO_TAG_LINK,
	GUMBO_TAG_META,	    GUMBO_TAG_BASE,	GUMBO_TAG_XMP,	   GUMBO_TAG_PLAINTEXT,
	GUMBO_TAG_LISTING,
};

static const GumboTag void_elements[] = {GUMBO_TAG_BR, GUMBO_TAG_COL, GUMBO_TAG_HR, GUMBO_TAG_IMG,
					 GUMBO_TAG_WBR};

static bool
is_one_of(GumboTag tag, const GumboTag *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == tag)
			return true;
	return false;
}
#define IS_ONE_OF(tag, list) is_one_of(tag, list, G_N_ELEMENTS(list))

/* Attributes that affect appearance or meaning; none of them holds a URL. */
static const char *const attributes[] = {
	"abbr",	       "align",	  "alt",    "bgcolor", "border",   "cellpadding",
	"cellspacing", "class",	  "color",  "colspan", "datetime", "dir",
	"face",	       "headers", "height", "id",      "lang",	   "nowrap",
	"rowspan",     "scope",	  "size",   "span",    "start",	   "summary",
	"title",       "type",	  "valign", "width",   NULL,
};

/* --- styles --- */

static void
append_declarations(struct cleaning *cleaning, const char *declarations, enum css_wanted wanted,
		    GString *clean)
{
	g_autoptr(GStringChunk) pool = g_string_chunk_new(256);
	const struct css_token *end;
	g_autofree struct css_token *tokens =
		css_tokens(declarations, STYLE_TOKENS_MAX, pool, &end);

	if (!css_append_declarations(tokens, end, wanted, clean))
		cleaning->left_out |= HTML_MAIL_PICTURES;
}

static void
append_style(struct cleaning *cleaning, const char *declarations, enum css_wanted wanted)
{
	g_autoptr(GString) clean = g_string_new(NULL);

	append_declarations(cleaning, declarations, wanted, clean);
	if (clean->len > 0)
		append_attribute(cleaning->out, "style", clean->str);
}

static const char *
value_of(const GumboElement *element, const char *name)
{
	const GumboAttribute *attribute = gumbo_get_attribute(&element->attributes, name);

	return attribute == NULL ? "" : attribute->value;
}

/* Colours in attributes of HTML need no #. */
static void
append_colour(GString *declarations, const char *property, const char *colour)
{
	bool is_bare =
		strlen(colour) == 6 && strspn(colour, "0123456789abcdefABCDEF") == strlen(colour);

	if (*colour != '\0')
		g_string_append_printf(declarations, "%s:%s%s;", property, is_bare ? "#" : "",
				       colour);
}

/* What the attributes of body say, as declarations: it becomes a div. Caller frees. */
static char *
style_of_body(const GumboElement *body)
{
	GString *declarations = g_string_new(NULL);

	append_colour(declarations, "background-color", value_of(body, "bgcolor"));
	append_colour(declarations, "color", value_of(body, "text"));
	g_string_append(declarations, value_of(body, "style"));
	return g_string_free(declarations, FALSE);
}

static void
clean_sheet(struct cleaning *cleaning, const GumboElement *style)
{
	static const char begin[] = "<style>";
	const char *type = value_of(style, "type");
	gsize before = cleaning->out->len;

	if (*type != '\0' && g_ascii_strcasecmp(type, "text/css") != 0)
		return;
	g_string_append(cleaning->out, begin);
	for (unsigned i = 0; i < style->children.length; i++) {
		const GumboNode *node = style->children.data[i];
		size_t length = node->type == GUMBO_NODE_TEXT ? strlen(node->v.text.text) : 0;

		if (length == 0 || length > CSS_SHEET_MAX - cleaning->sheet_read)
			continue;
		cleaning->sheet_read += length;
		if (!css_append_sheet(node->v.text.text, value_of(style, "media"), cleaning->scope,
				      cleaning->out))
			cleaning->left_out |= HTML_MAIL_PICTURES;
	}
	if (cleaning->out->len == before + strlen(begin))
		g_string_truncate(cleaning->out, before);
	else
		g_string_append(cleaning->out, "</style>");
}

/* --- addresses --- */

/* Like browsers, first removes control characters and blanks. */
static char *
squeezed(const char *address)
{
	GString *text = g_string_new(NULL);

	for (; *address != '\0'; address++)
		if ((unsigned char)*address > 0x20 && *address != 0x7f)
			g_string_append_c(text, *address);
	return g_string_free(text, FALSE);
}

static void
append_link(struct cleaning *cleaning, const char *href)
{
	static const char *const schemes[] = {"https://", "http://", "mailto:", "tel:", NULL};
	g_autofree char *address = squeezed(href);

	for (const char *const *scheme = schemes; *scheme != NULL; scheme++) {
		if (g_ascii_strncasecmp(address, *scheme, strlen(*scheme)) != 0)
			continue;
		append_attribute(cleaning->out, "href", address);
		g_string_append(cleaning->out, HTML_MAIL_LINK);
		return;
	}
}

/* Pictures that come with the mail are inserted later, by the caller of postseal-reader. Others
 * keep their place: with their text, or as a transparent point of the size that the mail gives. */
static void
append_picture(struct cleaning *cleaning, const GumboElement *element, const char *source)
{
	g_autofree char *name = NULL, *escaped = NULL;

	if (g_ascii_strncasecmp(source, "cid:", 4) != 0) {
		cleaning->left_out |= HTML_MAIL_PICTURES;
		if (*value_of(element, "alt") == '\0')
			g_string_append(cleaning->out, " src=\"data:image/gif;base64,"
						       "R0lGODlhAQABAAAAACwAAAAAAQABAAA=\"");
		return;
	}
	name = g_uri_unescape_string(source + 4, NULL);
	if (name == NULL)
		return;
	escaped = g_uri_escape_string(name, NULL, FALSE);
	g_string_append_printf(cleaning->out, " src=\"cid:%s\"", escaped);
}

/* --- elements --- */

static void
append_attributes(struct cleaning *cleaning, const GumboElement *element)
{
	for (unsigned i = 0; i < element->attributes.length; i++) {
		const GumboAttribute *attribute = element->attributes.data[i];

		if (element->tag == GUMBO_TAG_A && strcmp(attribute->name, "href") == 0) {
			append_link(cleaning, attribute->value);
		} else if (element->tag == GUMBO_TAG_IMG && strcmp(attribute->name, "src") == 0) {
			append_picture(cleaning, element, attribute->value);
		} else if (strcmp(attribute->name, "background") == 0) {
			cleaning->left_out |= HTML_MAIL_PICTURES;
		} else if (strcmp(attribute->name, "style") == 0 &&
			   element->tag != GUMBO_TAG_BODY) {
			append_style(cleaning, attribute->value, CSS_ALL);
		} else if (g_strv_contains(attributes, attribute->name)) {
			append_attribute(cleaning->out, attribute->name, attribute->value);
		}
	}
}

/* Checked while the output grows: a small document can be made to expand into a large one. */
static void
check_size(const GString *out)
{
	if (out->len > READER_ANSWER_MAX)
		reader_refuse(READER_TOO_LARGE);
}

static void clean_node(struct cleaning *cleaning, const GumboNode *node);

static void
clean_children(struct cleaning *cleaning, const GumboElement *element)
{
	if (++cleaning->depth > DEPTH_MAX)
		reader_refuse(READER_TOO_DEEP);
	for (unsigned i = 0; i < element->children.length; i++)
		clean_node(cleaning, element->children.data[i]);
	cleaning->depth--;
}

/* Notes what a reader would miss; the mail's head and style elements are not worth mentioning. */
static void
note_left_out(struct cleaning *cleaning, const GumboElement *element)
{
	static const GumboTag active[] = {GUMBO_TAG_SCRIPT, GUMBO_TAG_IFRAME, GUMBO_TAG_FRAME,
					  GUMBO_TAG_OBJECT, GUMBO_TAG_EMBED,  GUMBO_TAG_APPLET,
					  GUMBO_TAG_AUDIO,  GUMBO_TAG_VIDEO,  GUMBO_TAG_CANVAS,
					  GUMBO_TAG_SVG,    GUMBO_TAG_MATH};
	static const GumboTag fields[] = {GUMBO_TAG_SELECT, GUMBO_TAG_TEXTAREA, GUMBO_TAG_INPUT,
					  GUMBO_TAG_BUTTON};

	if (IS_ONE_OF(element->tag, active) || element->tag_namespace != GUMBO_NAMESPACE_HTML)
		cleaning->left_out |= HTML_MAIL_ACTIVE;
	else if (IS_ONE_OF(element->tag, fields))
		cleaning->left_out |= HTML_MAIL_FORMS;
}

/* Of what is in the head, only its style is shown. */
static void
clean_head(struct cleaning *cleaning, const GumboElement *head)
{
	for (unsigned i = 0; i < head->children.length; i++) {
		const GumboNode *node = head->children.data[i];

		if (node->type == GUMBO_NODE_ELEMENT && node->v.element.tag == GUMBO_TAG_STYLE)
			clean_sheet(cleaning, &node->v.element);
	}
}

static void
clean_body(struct cleaning *cleaning, const GumboElement *body)
{
	g_autofree char *style = style_of_body(body);

	g_string_append(cleaning->out, "<" CSS_BODY);
	append_attributes(cleaning, body);
	append_style(cleaning, style, CSS_ALL);
	g_string_append_c(cleaning->out, '>');
	clean_children(cleaning, body);
	g_string_append(cleaning->out, "</" CSS_BODY ">");
}

static void
clean_shown(struct cleaning *cleaning, const GumboElement *element)
{
	const char *name = gumbo_normalized_tagname(element->tag);

	g_string_append_printf(cleaning->out, "<%s", name);
	append_attributes(cleaning, element);
	g_string_append_c(cleaning->out, '>');
	if (IS_ONE_OF(element->tag, void_elements))
		return;
	clean_children(cleaning, element);
	g_string_append_printf(cleaning->out, "</%s>", name);
}

static void
clean_element(struct cleaning *cleaning, const GumboElement *element)
{
	note_left_out(cleaning, element);
	if (element->tag_namespace != GUMBO_NAMESPACE_HTML)
		return;
	if (element->tag == GUMBO_TAG_HEAD)
		clean_head(cleaning, element);
	else if (element->tag == GUMBO_TAG_STYLE)
		clean_sheet(cleaning, element);
	else if (element->tag == GUMBO_TAG_BODY)
		clean_body(cleaning, element);
	else if (IS_ONE_OF(element->tag, shown))
		clean_shown(cleaning, element);
	else if (!IS_ONE_OF(element->tag, silent))
		clean_children(cleaning, element);
}

static void
clean_node(struct cleaning *cleaning, const GumboNode *node)
{
	check_size(cleaning->out);
	if (node->type == GUMBO_NODE_ELEMENT)
		clean_element(cleaning, &node->v.element);
	else if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE)
		append_escaped(cleaning->out, node->v.text.text);
}

/* --- parsing --- */

static void *
allocate(void *context, size_t size)
{
	(void)context;
	return reader_allocate(size);
}

static void
release(void *context, void *memory)
{
	(void)context;
	reader_release(memory);
}

/* The tree is never freed: gumbo would walk it recursively, however deep it is, and the process
 * ends anyway. */
static const GumboOutput *
parse(const char *html, size_t length)
{
	GumboOptions options = kGumboDefaultOptions;

	if (length > HTML_MAIL_MAX)
		reader_refuse(READER_TOO_LARGE);
	options.allocator = allocate;
	options.deallocator = release;
	options.max_errors = 0;
	return gumbo_parse_with_options(&options, html, length);
}

/* The outer element stands for html, and has the ground of the body: it fills the window. */
static void
append_outer(struct cleaning *cleaning, const GumboElement *html)
{
	g_autoptr(GString) style = g_string_new(value_of(html, "style"));

	for (unsigned i = 0; i < html->children.length; i++) {
		const GumboNode *node = html->children.data[i];
		g_autofree char *of_body = NULL;

		if (node->type != GUMBO_NODE_ELEMENT || node->v.element.tag != GUMBO_TAG_BODY)
			continue;
		of_body = style_of_body(&node->v.element);
		g_string_append_printf(style, ";%s", of_body);
	}
	g_string_append_printf(cleaning->out, "<div class=\"mail %s\"", cleaning->scope);
	if (*value_of(html, "dir") != '\0')
		append_attribute(cleaning->out, "dir", value_of(html, "dir"));
	if (*value_of(html, "lang") != '\0')
		append_attribute(cleaning->out, "lang", value_of(html, "lang"));
	append_style(cleaning, style->str, CSS_GROUND);
	g_string_append_c(cleaning->out, '>');
}

static bool
is_plain(const char *identifier)
{
	return strspn(identifier, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				  " -./:+") == strlen(identifier);
}

static void
append_doctype(GString *answer, const GumboDocument *document)
{
	if (document->has_doctype && is_plain(document->public_identifier) &&
	    is_plain(document->system_identifier)) {
		g_string_append(answer, "<!DOCTYPE html");
		if (*document->public_identifier != '\0')
			g_string_append_printf(answer, " PUBLIC \"%s\"",
					       document->public_identifier);
		if (*document->public_identifier != '\0' && *document->system_identifier != '\0')
			g_string_append_printf(answer, " \"%s\"", document->system_identifier);
		g_string_append_c(answer, '>');
	}
	g_string_append_c(answer, '\n');
}

void
html_mail_clean(const char *html, size_t length, GString *answer)
{
	const GumboOutput *output = parse(html, length);
	const GumboElement *root = &output->root->v.element;
	char scope[] = "m01234567";
	struct cleaning cleaning = {.out = answer, .scope = scope};

	snprintf(scope, sizeof scope, "m%08x", g_str_hash(html));
	g_string_append_c(answer, HTML_MAIL_WHOLE);
	append_doctype(answer, &output->document->v.document);
	append_outer(&cleaning, root);
	clean_children(&cleaning, root);
	g_string_append(answer, "</div>");
	answer->str[0] = (char)(HTML_MAIL_WHOLE + cleaning.left_out);
}

/* --- text alone --- */

static const GumboTag blocks[] = {
	GUMBO_TAG_P,  GUMBO_TAG_DIV, GUMBO_TAG_BR,	   GUMBO_TAG_TR,
	GUMBO_TAG_LI, GUMBO_TAG_H1,  GUMBO_TAG_H2,	   GUMBO_TAG_H3,
	GUMBO_TAG_H4, GUMBO_TAG_H5,  GUMBO_TAG_H6,	   GUMBO_TAG_TABLE,
	GUMBO_TAG_UL, GUMBO_TAG_OL,  GUMBO_TAG_BLOCKQUOTE, GUMBO_TAG_PRE,
};

static void
append_text(GString *text, const char *more)
{
	for (const char *c = more; *c != '\0'; c++) {
		bool blank = strchr(" \t\r\n", *c) != NULL;

		if (!blank)
			g_string_append_c(text, *c);
		else if (text->len > 0 && strchr(" \n", text->str[text->len - 1]) == NULL)
			g_string_append_c(text, ' ');
	}
}

static void
collect_text(const GumboNode *node, unsigned depth, GString *text)
{
	const GumboElement *element = &node->v.element;

	check_size(text);
	if (depth > DEPTH_MAX)
		reader_refuse(READER_TOO_DEEP);
	if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE)
		append_text(text, node->v.text.text);
	if (node->type != GUMBO_NODE_ELEMENT || element->tag_namespace != GUMBO_NAMESPACE_HTML ||
	    IS_ONE_OF(element->tag, silent))
		return;
	for (unsigned i = 0; i < element->children.length; i++)
		collect_text(element->children.data[i], depth + 1, text);
	if (IS_ONE_OF(element->tag, blocks) && text->len > 0 && text->str[text->len - 1] != '\n')
		g_string_append_c(text, '\n');
}

void
html_mail_text(const char *html, size_t length, GString *answer)
{
	collect_text(parse(html, length)->root, 0, answer);
}
