#include "mail/letter.h"

#include <gmime/gmime.h>
#include <libxml/xmlsave.h>
#include <sodium.h>
#include <string.h>

#include "mail/display_name.h"

enum {
	LINE_CHARACTERS = 72,
	WORD_BYTES = 45, /* of text: its encoded word has 72 characters of 75 (RFC 2047 §2) */
};

char *
letter_from(const struct settings *settings)
{
	if (*settings->notices_from != '\0')
		return g_strdup(settings->notices_from);
	return g_strconcat("secure-mail@", settings->domains[0], NULL);
}

/* The date (RFC 5322 §3.3), in UTC. */
static char *
date_now(void)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();

	return g_mime_utils_header_format_date(now);
}

/* --- words that are encoded --- */

/* In whole characters. */
static size_t
word_length(const char *text)
{
	const char *at = text;

	while (*at != '\0' && g_utf8_next_char(at) - text <= WORD_BYTES)
		at = g_utf8_next_char(at);
	return (size_t)(at - text);
}

/* All of the text, so that what looks like an encoded word in it is shown as it is. */
static char *
encoded_words(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *words = g_string_new(NULL);

	for (const char *at = valid; *at != '\0'; at += word_length(at)) {
		g_autofree char *word = g_base64_encode((const unsigned char *)at, word_length(at));

		g_string_append_printf(words, "%s=?utf-8?b?%s?=", words->len > 0 ? "\r\n " : "",
				       word);
	}
	return g_string_free(words, FALSE);
}

static char *
plain_mailbox(const char *name, const char *address)
{
	InternetAddress *box = internet_address_mailbox_new(name, address);
	char *text = internet_address_to_string(box, NULL, TRUE);

	g_object_unref(box);
	return text;
}

/* GMime leaves encoded words in a name as they are, between quotes at best, and many programs
 * decode them even there. */
char *
letter_mailbox(const char *name, const char *address)
{
	g_autofree char *words = NULL, *box = NULL;

	if (name == NULL || !display_name_would_be_decoded(name))
		return plain_mailbox(name, address);
	words = encoded_words(name);
	box = plain_mailbox(NULL, address);
	return g_strdup_printf("%s <%s>", words, box);
}

char *
letter_subject(const char *subject)
{
	return display_name_would_be_decoded(subject)
		       ? encoded_words(subject)
		       : g_mime_utils_header_encode_text(NULL, subject, "utf-8");
}

static bool
write_head(const struct letter *letter, const struct settings *settings, struct sink *sink,
	   struct fault *fault)
{
	g_autofree char *from = letter_mailbox(letter->from_name, letter->from);
	g_autofree char *to = letter_mailbox(NULL, letter->to);
	g_autofree char *subject = letter_subject(letter->subject);
	g_autofree char *date = date_now();

	return sink_print(sink, fault,
			  "From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\n"
			  "MIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n"
			  "X-Auto-Response-Suppress: All\r\n",
			  from, to, subject, date, letter->id, settings->hostname) &&
	       (letter->reply_to == NULL ||
		sink_print(sink, fault, "Reply-To: <%s>\r\n", letter->reply_to)) &&
	       (letter->references == NULL ||
		sink_print(sink, fault, "In-Reply-To: %s\r\nReferences: %s\r\n", letter->references,
			   letter->references));
}

/* Written with CRLF line ends, whatever the text has. */
static bool
write_lines(const char *text, size_t length, struct sink *sink, struct fault *fault)
{
	const char *end = text + length;

	while (text < end) {
		const char *line = memchr(text, '\n', (size_t)(end - text));
		size_t piece = (size_t)((line == NULL ? end : line) - text), shown = piece;

		if (shown > 0 && text[shown - 1] == '\r')
			shown--;
		if (!sink_write(sink, text, shown, fault) || !sink_write(sink, "\r\n", 2, fault))
			return false;
		text += piece + 1;
	}
	return true;
}

static bool
write_encoded(const char *type, const char *text, struct sink *sink, struct fault *fault)
{
	g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
	g_autofree char *plain = g_strjoinv("\n", lines);
	size_t length = strlen(plain), used;
	GMimeEncoding encoding;
	g_autofree char *encoded = NULL;

	g_mime_encoding_init_encode(&encoding, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	encoded = g_malloc(g_mime_encoding_outlen(&encoding, length) + 1);
	used = g_mime_encoding_flush(&encoding, plain, length, encoded);
	return sink_print(sink, fault,
			  "Content-Type: %s; charset=utf-8\r\n"
			  "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
			  type) &&
	       write_lines(encoded, used, sink, fault);
}

bool
letter_write_text(const char *text, struct sink *sink, struct fault *fault)
{
	return write_encoded("text/plain", text, sink, fault);
}

/* --- the two forms --- */

static bool
is_address(const char *paragraph)
{
	return (g_str_has_prefix(paragraph, "https://") ||
		g_str_has_prefix(paragraph, "http://")) &&
	       strpbrk(paragraph, " \n") == NULL;
}

static bool
is_verbatim(const char *paragraph)
{
	return g_str_has_prefix(paragraph, "    ");
}

/* Lines of at most 72 characters, where words allow it. */
static void
append_wrapped(GString *text, const char *paragraph)
{
	g_auto(GStrv) words = g_strsplit_set(paragraph, " \n", -1);
	glong used = 0;

	for (char **word = words; *word != NULL; word++) {
		glong length = g_utf8_strlen(*word, -1);

		if (length == 0)
			continue;
		if (used > 0 && used + 1 + length > LINE_CHARACTERS) {
			g_string_append_c(text, '\n');
			used = 0;
		} else if (used > 0) {
			g_string_append_c(text, ' ');
			used++;
		}
		g_string_append(text, *word);
		used += length;
	}
}

static char *
as_text(char **paragraphs)
{
	GString *text = g_string_new(NULL);

	for (char **paragraph = paragraphs; *paragraph != NULL; paragraph++) {
		if (paragraph > paragraphs)
			g_string_append(text, "\n\n");
		if (is_verbatim(*paragraph))
			g_string_append(text, *paragraph);
		else
			append_wrapped(text, *paragraph);
	}
	g_string_append_c(text, '\n');
	return g_string_free(text, FALSE);
}

static xmlNode *
add_element(xmlNode *parent, const char *name, const char *style, const char *text)
{
	xmlNode *node = xmlNewTextChild(parent, NULL, BAD_CAST name, BAD_CAST text);

	if (style != NULL)
		xmlSetProp(node, BAD_CAST "style", BAD_CAST style);
	return node;
}

/* The URL is also written below the button, so that people can see where it leads. */
static void
add_button(xmlNode *body, const char *label, const char *address)
{
	xmlNode *line = add_element(body, "p", NULL, NULL);
	xmlNode *link = add_element(
		line, "a",
		"display:inline-block;padding:12px 22px;border-radius:6px;background:#0a5cc2;"
		"color:#ffffff;font-weight:bold;text-decoration:none",
		label == NULL ? address : label);

	xmlSetProp(link, BAD_CAST "href", BAD_CAST address);
	if (label != NULL)
		add_element(body, "p", "font-size:13px;color:#57606a;word-break:break-all",
			    address);
}

static char *
as_html(const struct letter *letter, char **paragraphs)
{
	xmlDoc *document = xmlNewDoc(BAD_CAST "1.0");
	xmlNode *root = xmlNewNode(NULL, BAD_CAST "html"), *head, *body, *meta;
	xmlBuffer *buffer = xmlBufferCreate();
	xmlSaveCtxt *save = xmlSaveToBuffer(buffer, "UTF-8", XML_SAVE_AS_HTML);
	const char *label = letter->button;
	char *html;

	xmlDocSetRootElement(document, root);
	xmlSetProp(root, BAD_CAST "lang", BAD_CAST letter->language);
	head = xmlNewChild(root, NULL, BAD_CAST "head", NULL);
	meta = xmlNewChild(head, NULL, BAD_CAST "meta", NULL);
	xmlSetProp(meta, BAD_CAST "charset", BAD_CAST "utf-8");
	xmlNewTextChild(head, NULL, BAD_CAST "title", BAD_CAST letter->subject);
	body = add_element(root, "body",
			   "font-family:sans-serif;font-size:17px;line-height:1.5;max-width:600px",
			   NULL);
	for (char **paragraph = paragraphs; *paragraph != NULL; paragraph++) {
		if (is_address(*paragraph)) {
			add_button(body, label, *paragraph);
			label = letter->next_button;
			continue;
		}
		add_element(body, is_verbatim(*paragraph) ? "pre" : "p",
			    is_verbatim(*paragraph) ? "font-size:19px" : NULL, *paragraph);
	}
	xmlSaveDoc(save, document);
	xmlSaveClose(save);
	html = g_strdup((const char *)xmlBufferContent(buffer));
	sodium_memzero((void *)xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer));
	xmlBufferFree(buffer);
	xmlFreeDoc(document);
	return html;
}

static bool
write_both(const struct letter *letter, struct sink *sink, struct fault *fault)
{
	g_autofree char *valid = g_utf8_make_valid(letter->text, -1);
	g_auto(GStrv) paragraphs = g_strsplit(valid, "\n\n", -1);
	g_autofree char *text = as_text(paragraphs);
	g_autofree char *html = as_html(letter, paragraphs);
	bool done = sink_print(sink, fault,
			       "Content-Type: multipart/alternative; "
			       "boundary=\"=_a%s\"\r\n\r\n--=_a%s\r\n",
			       letter->id, letter->id) &&
		    letter_write_text(text, sink, fault) &&
		    sink_print(sink, fault, "\r\n--=_a%s\r\n", letter->id) &&
		    write_encoded("text/html", html, sink, fault) &&
		    sink_print(sink, fault, "\r\n--=_a%s--\r\n", letter->id);

	/* It may contain a code or a link. */
	sodium_memzero(text, strlen(text));
	sodium_memzero(html, strlen(html));
	sodium_memzero(valid, strlen(valid));
	return done;
}

void
letter_start(void)
{
	xmlInitParser();
}

bool
letter_write(const struct letter *letter, const struct settings *settings, struct sink *sink,
	     struct fault *fault)
{
	if (!write_head(letter, settings, sink, fault))
		return false;
	if (letter->report == NULL)
		return write_both(letter, sink, fault);
	return sink_print(sink, fault,
			  "Content-Type: multipart/report; report-type=%s;\r\n"
			  "\tboundary=\"=_%s\"\r\n\r\n--=_%s\r\n",
			  letter->report_type, letter->id, letter->id) &&
	       write_both(letter, sink, fault) &&
	       sink_print(sink, fault, "\r\n--=_%s\r\nContent-Type: message/%s\r\n\r\n", letter->id,
			  letter->report_type) &&
	       write_lines(letter->report, strlen(letter->report), sink, fault) &&
	       sink_print(sink, fault, "\r\n--=_%s--\r\n", letter->id);
}
