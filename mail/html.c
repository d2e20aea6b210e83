#include "mail/html.h"

#include <string.h>

#include "mail/html_mail.h"

static const char head[] = "<!DOCTYPE html>\n<html lang=\"";
static const char body[] =
	"\"><head><meta charset=\"utf-8\"><title>Message</title><style>"
	"body{font:1.125rem/1.5 "
	"system-ui,sans-serif;color:#1b1f24;background:#fff;margin:.5rem;"
	"overflow-wrap:anywhere}img{max-width:100%;height:auto}table{max-width:100%}"
	"blockquote{border-left:3px solid #d0d7de;margin:0 0 0 .2rem;padding-left:.8rem}"
	"pre{white-space:pre-wrap}</style></head><body>";
static const char end[] = "</body></html>\n";
static const char picture[] = " src=\"cid:";

/* --- pictures --- */

/* SVG is a document of its own; what browsers show as a picture and nothing else is taken. */
static bool
is_picture(const char *type)
{
	static const char *const types[] = {"image/png",  "image/jpeg", "image/gif",
					    "image/webp", "image/bmp",	NULL};

	return g_strv_contains(types, type);
}

static void
append_picture(GString *out, const struct html_pictures *pictures, const char *escaped)
{
	g_autofree char *name = g_uri_unescape_string(escaped, NULL);
	g_autofree char *base64 = NULL;
	g_autoptr(GBytes) bytes = NULL;
	const char *type;
	gsize length;
	const guchar *data;

	if (name == NULL || !pictures->find(pictures->context, name, &bytes, &type) ||
	    !is_picture(type))
		return;
	data = g_bytes_get_data(bytes, &length);
	base64 = g_base64_encode(data, length);
	g_string_append_printf(out, " src=\"data:%s;base64,%s\"", type, base64);
}

/* What the reader made, with the pictures in their places. */
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

/* As text; bytes that are none end it. NULL with `fault` filled. */
static char *
ask(struct reader *reader, const char *format, const char *html, size_t length, struct fault *fault)
{
	g_autoptr(GBytes) answer = reader_ask(reader, format, html, length, fault);
	gsize size = 0;
	const char *bytes = answer == NULL ? NULL : g_bytes_get_data(answer, &size);

	return bytes == NULL ? NULL : g_utf8_make_valid(bytes, (gssize)size);
}

char *
html_document(struct reader *reader, const char *html, size_t length,
	      const struct html_pictures *pictures, const char *language, bool *left_out_r,
	      struct fault *fault)
{
	g_autofree char *content = ask(reader, HTML_FORMAT, html, length, fault);
	GString *out;

	if (content == NULL)
		return NULL;
	*left_out_r = *content == HTML_MAIL_LEFT_OUT;
	out = g_string_new(head);
	g_string_append(out, language);
	g_string_append(out, body);
	append_content(out, *content == '\0' ? content : content + 1, pictures);
	g_string_append(out, end);
	return g_string_free(out, FALSE);
}

char *
html_text(struct reader *reader, const char *html, size_t length, struct fault *fault)
{
	return ask(reader, "html text", html, length, fault);
}
