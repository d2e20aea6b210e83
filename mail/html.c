#include "mail/html.h"

#include <string.h>

#include "core/catalogue.h"
#include "mail/html_mail.h"
#include "mail/layout.h"
#include "mail/prose.h"

static const char head[] = "\n<html lang=\"";
static const char title_before[] = "\"><head><meta charset=\"utf-8\"><title>";
/* What the programs of senders and readers have in common, before the mail's own style: a plain
 * letter is easy to read, and on a narrow screen nothing is wider than it. */
static const char style[] =
	"</title><style>"
	"body{font:1rem system-ui,sans-serif;background:#fff;margin:0;display:flex;"
	"flex-direction:column;min-height:100vh;overflow-wrap:break-word}"
	".mail{min-width:0}.mail:last-child{flex:1}mail-body{display:block;margin:8px}"
	".mail blockquote[type=cite]{border-left:3px solid #d0d7de;margin:0 0 0 .2rem;"
	"padding-left:.8rem}"
	"@media(max-width:40rem){.mail img{max-width:100%;height:auto}.mail table{max-width:100%}}"
	"body>.text{font-size:1.125rem;color:#1b1f24;line-height:1.5;margin:8px;white-space:pre-wrap}"
	"body>.left-out{font-size:.875rem;color:#57606a;background:#fff;"
	"border-bottom:1px solid #d0d7de;margin:0;padding:8px}"
	".letter{margin:8px;color:#1b1f24;line-height:1.45}.letter+.letter{border-top:2px solid "
	"#1b1f24;margin-top:2rem}"
	".letter h1{font-size:1.4rem;margin:.5rem 0}.letter h2{font-size:1.1rem;margin:1rem 0 .3rem}"
	".letter dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1rem;margin:0 0 1rem;"
	"padding-bottom:.5rem;border-bottom:1px solid #d0d7de}"
	".letter dt,.letter .hint{color:#57606a}.letter dd{margin:0;overflow-wrap:anywhere}"
	".letter .pair{display:contents}.letter ul{margin:0;padding-left:1.2rem}"
	".letter .notes{white-space:pre-wrap}"
	".prose p{white-space:pre-wrap;margin:0 0 1rem}"
	".prose pre{white-space:pre-wrap;font:.9rem/1.4 ui-monospace,monospace;margin:0 0 1rem}"
	".prose blockquote{margin:0 0 1rem;padding-left:.8rem;border-left:3px solid #d0d7de;"
	"color:#57606a}"
	/* On paper, nothing can be scrolled to. */
	"@media print{body{display:block}.mail{overflow:visible}.left-out{break-after:avoid}"
	".mail [style*=\"overflow:auto\"],.mail [style*=\"overflow:scroll\"],"
	".mail [style*=\"overflow-y:auto\"],.mail [style*=\"overflow-y:scroll\"]"
	"{overflow:visible!important;height:auto!important;max-height:none!important}"
	".letter h1,.letter h2,.letter dl{break-after:avoid}.mail img{max-width:100%;height:auto}}"
	"</style></head><body>";
static const char end[] = "</body></html>\n";
static const char picture[] = " src=\"cid:";

/* --- pictures --- */

static void
append_picture(GString *out, const struct html_pictures *pictures, const char *escaped)
{
	g_autofree char *name = g_uri_unescape_string(escaped, NULL);
	g_autofree char *base64 = NULL;
	g_autoptr(GBytes) bytes = NULL;
	const char *type;
	gsize length;
	const guchar *data;

	if (name == NULL || pictures == NULL ||
	    !pictures->find(pictures->context, name, &bytes, &type) || !layout_shows_picture(type))
		return;
	data = g_bytes_get_data(bytes, &length);
	base64 = g_base64_encode(data, length);
	g_string_append_printf(out, " src=\"data:%s;base64,%s\"", type, base64);
}

/* Writes what the reader returned, with the pictures inserted. */
static void
append_content(GString *out, const char *content, const struct html_pictures *pictures)
{
	const char *at;

	while ((at = strstr(content, picture)) != NULL) {
		const char *name = at + strlen(picture), *quote = strchr(name, '"');
		g_autofree char *escaped = NULL;

		if (quote == NULL)
			break;
		g_string_append_len(out, content, at - content);
		escaped = g_strndup(name, (gsize)(quote - name));
		append_picture(out, pictures, escaped);
		content = quote + 1;
	}
	g_string_append(out, content);
}

/* --- asking --- */

/* The reader's answer as a string, which a NUL ends. NULL with `fault` filled. */
static char *
ask(struct reader *reader, const char *format, const char *html, size_t length, struct fault *fault)
{
	g_autoptr(GBytes) answer = reader_ask(reader, format, html, length, fault);
	gsize size = 0;
	const char *bytes = answer == NULL ? NULL : g_bytes_get_data(answer, &size);

	return bytes == NULL ? NULL : g_utf8_make_valid(bytes, (gssize)size);
}

/* --- the document --- */

enum { TOO_LONG = 8 }; /* in addition to HTML_MAIL_PICTURES and the others */

static void
append_note(GString *out, const char *language, int left_out)
{
	static const struct {
		int what;
		const char *said;
	} kinds[] = {
		{HTML_MAIL_PICTURES, N_("pictures from the Internet")},
		{HTML_MAIL_ACTIVE, N_("active and embedded content")},
		{HTML_MAIL_FORMS, N_("form fields")},
		{TOO_LONG, N_("the rest of a very long text")},
	};
	g_autoptr(GString) list = g_string_new(NULL);
	g_autofree char *note = NULL, *escaped = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if ((left_out & kinds[i].what) != 0)
			g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "",
					       translate(language, kinds[i].said));
	if (list->len == 0)
		return;
	note = g_strdup_printf(translate(language, "For your safety, this is not shown here: %s."),
			       list->str);
	escaped = g_markup_escape_text(note, -1);
	g_string_append_printf(out, "<p class=\"left-out\" role=\"note\">%s</p>", escaped);
}

enum { LINKS_MAX = 2000 }; /* of one piece of text */

static void
append_escaped(GString *out, const char *text, size_t length)
{
	g_autofree char *escaped = g_markup_escape_text(text, (gssize)length);

	g_string_append(out, escaped);
}

/* With the attributes that links in HTML get. */
static void
append_link(GString *out, const char *url, const char *shown, size_t length)
{
	g_string_append(out, "<a href=\"");
	append_escaped(out, url, strlen(url));
	g_string_append(out, "\"" HTML_MAIL_LINK ">");
	append_escaped(out, shown, length);
	g_string_append(out, "</a>");
}

/* Plain text that stands beside HTML; its lines are kept by the style of its class. */
static void
append_text(GString *out, const char *text)
{
	const char *from, *to;
	char *url;

	g_string_append(out, "<div class=\"text\">");
	for (unsigned links = 0; links < LINKS_MAX && prose_link(text, &from, &to, &url); links++) {
		append_escaped(out, text, (size_t)(from - text));
		append_link(out, url, from, (size_t)(to - from));
		g_free(url);
		text = to;
	}
	append_escaped(out, text, strlen(text));
	g_string_append(out, "</div>");
}

struct page {
	GString *content;
	char *doctype; /* of the first piece of HTML; NULL: none so far */
	int left_out;
};

/* Takes the reader's answer apart (html_mail.h). */
static void
add_html(struct page *page, const struct html_pictures *pictures, const char *answer)
{
	const char *line_end = strchr(answer, '\n');

	if (line_end == NULL || line_end == answer)
		return;
	page->left_out |= *answer - HTML_MAIL_WHOLE;
	if (page->doctype == NULL)
		page->doctype = g_strndup(answer + 1, (gsize)(line_end - answer) - 1);
	append_content(page->content, line_end + 1, pictures);
}

static bool
add_piece(struct page *page, struct reader *reader, const struct html_piece *piece,
	  struct fault *fault)
{
	g_autofree char *content = NULL;

	page->left_out |= piece->is_cut ? TOO_LONG : 0;
	if (piece->is_ours) {
		g_string_append(page->content, piece->text);
		return true;
	}
	if (!piece->is_html) {
		append_text(page->content, piece->text);
		return true;
	}
	content = ask(reader, HTML_FORMAT, piece->text, strlen(piece->text), fault);
	if (content == NULL)
		return false;
	add_html(page, piece->pictures, content);
	return true;
}

char *
html_document(struct reader *reader, const struct html_piece *pieces, size_t count,
	      const char *title, const char *language, struct fault *fault)
{
	g_autoptr(GString) content = g_string_new(NULL);
	g_autofree char *escaped = g_markup_escape_text(title, -1);
	struct page page = {.content = content};
	g_autofree char *doctype = NULL;
	bool is_added = true;
	GString *out;

	for (size_t i = 0; i < count && is_added; i++)
		is_added = add_piece(&page, reader, &pieces[i], fault);
	doctype = page.doctype;
	if (!is_added)
		return NULL;
	out = g_string_new(doctype == NULL ? "<!DOCTYPE html>" : doctype);
	g_string_append(out, head);
	g_string_append(out, language);
	g_string_append(out, title_before);
	g_string_append(out, escaped);
	g_string_append(out, style);
	append_note(out, language, page.left_out);
	g_string_append_len(out, content->str, (gssize)content->len);
	g_string_append(out, end);
	return g_string_free(out, FALSE);
}

char *
html_text(struct reader *reader, const char *html, size_t length, struct fault *fault)
{
	return ask(reader, "html text", html, length, fault);
}
