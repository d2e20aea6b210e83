#include "delivery/portal/reading.h"

#include <gmime/gmime.h>
#include <libxml/HTMLparser.h>
#include <string.h>

#include "delivery/mime_stream.h"

enum { TEXT_MAX = 4 * 1024 * 1024, PIECE_BYTES = 65536, ATTACHMENTS_MAX = 1000, DEPTH_MAX = 100 };

struct reading {
	GMimeMessage *message;
	char *subject, *from, *to, *date;
	GMimePart *plain, *html;  /* the body, borrowed */
	GPtrArray *attachments;   /* struct reading_attachment */
	GPtrArray *parts;         /* GMimeObject of each, borrowed */
};

static void
attachment_free(struct reading_attachment *attachment)
{
	g_free(attachment->name);
	g_free(attachment->type);
	g_free(attachment);
}

/* --- structure --- */

/* A name is shown and offered as a file name: no folders, nothing that cannot be seen. */
static char *
harmless_name(const char *name, guint number)
{
	g_autofree char *valid = name == NULL ? g_strdup("") : g_utf8_make_valid(name, -1);
	const char *base = MAX(strrchr(valid, '/'), strrchr(valid, '\\'));
	g_autofree char *clean = g_strdup(base == NULL ? valid : base + 1);

	for (char *c = clean; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || strchr("\"<>|:*?\x7f", *c) != NULL)
			*c = '_';
	g_strstrip(clean);
	if (*clean == '\0' || strspn(clean, ".") == strlen(clean))
		return g_strdup_printf("attachment-%u", number + 1);
	return g_steal_pointer(&clean);
}

static void
add_attachment(struct reading *reading, GMimeObject *part)
{
	struct reading_attachment *attachment;
	GMimeContentType *type = g_mime_object_get_content_type(part);
	const char *name = GMIME_IS_PART(part) ? g_mime_part_get_filename(GMIME_PART(part)) : "message.eml";

	if (reading->attachments->len >= ATTACHMENTS_MAX)
		return;
	attachment = g_new(struct reading_attachment, 1);
	attachment->name = harmless_name(name, reading->attachments->len);
	attachment->type = g_mime_content_type_get_mime_type(type);
	g_ptr_array_add(reading->attachments, attachment);
	g_ptr_array_add(reading->parts, part);
}

static bool
is_attached(GMimeObject *part)
{
	const char *disposition = g_mime_object_get_disposition(part);

	return (disposition != NULL && g_ascii_strcasecmp(disposition, "attachment") == 0) ||
	       (GMIME_IS_PART(part) && g_mime_part_get_filename(GMIME_PART(part)) != NULL);
}

static void
sort_part(struct reading *reading, GMimeObject *part, int depth)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);

	if (GMIME_IS_MULTIPART(part) && depth < DEPTH_MAX) {
		for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(part)); i++)
			sort_part(reading, g_mime_multipart_get_part(GMIME_MULTIPART(part), i), depth + 1);
	} else if (reading->plain == NULL && GMIME_IS_PART(part) && !is_attached(part) &&
		   g_mime_content_type_is_type(type, "text", "plain")) {
		reading->plain = GMIME_PART(part);
	} else if (reading->html == NULL && GMIME_IS_PART(part) && !is_attached(part) &&
		   g_mime_content_type_is_type(type, "text", "html")) {
		reading->html = GMIME_PART(part);
	} else {
		add_attachment(reading, part);
	}
}

/* --- header --- */

static char *
addresses(GMimeMessage *message, GMimeAddressType type)
{
	InternetAddressList *list = g_mime_message_get_addresses(message, type);
	char *text = list == NULL ? NULL : internet_address_list_to_string(list, NULL, FALSE);

	return text == NULL ? g_strdup("") : text;
}

static char *
date(GMimeMessage *message)
{
	GDateTime *when = g_mime_message_get_date(message);

	return when == NULL ? g_strdup("") : g_date_time_format(when, "%-d %B %Y, %H:%M (%z)");
}

struct reading *
reading_new(const struct spool *raw, struct fault *fault)
{
	GMimeStream *stream = mime_stream_of_spool(raw, fault);
	g_autoptr(reading_auto) reading = g_new0(struct reading, 1);
	GMimeParser *parser;
	GMimeObject *root;
	const char *subject;

	reading->attachments = g_ptr_array_new_with_free_func((GDestroyNotify)attachment_free);
	reading->parts = g_ptr_array_new();
	if (stream == NULL)
		return NULL;
	parser = g_mime_parser_new_with_stream(stream);
	g_object_unref(stream);
	reading->message = g_mime_parser_construct_message(parser, NULL);
	g_object_unref(parser);
	root = reading->message == NULL ? NULL : g_mime_message_get_mime_part(reading->message);
	if (root == NULL) {
		fault_set(fault, FAULT_INPUT, "looking into a message: it has no structure that could be read");
		return NULL;
	}
	subject = g_mime_message_get_subject(reading->message);
	reading->subject = g_strdup(subject == NULL ? "" : subject);
	reading->from = addresses(reading->message, GMIME_ADDRESS_TYPE_FROM);
	reading->to = addresses(reading->message, GMIME_ADDRESS_TYPE_TO);
	reading->date = date(reading->message);
	sort_part(reading, root, 0);
	return g_steal_pointer(&reading);
}

void
reading_free(struct reading *reading)
{
	if (reading == NULL)
		return;
	g_clear_object(&reading->message);
	g_free(reading->subject);
	g_free(reading->from);
	g_free(reading->to);
	g_free(reading->date);
	g_ptr_array_unref(reading->attachments);
	g_ptr_array_unref(reading->parts);
	g_free(reading);
}

const char *
reading_subject(const struct reading *reading)
{
	return reading->subject;
}

const char *
reading_from(const struct reading *reading)
{
	return reading->from;
}

const char *
reading_to(const struct reading *reading)
{
	return reading->to;
}

const char *
reading_date(const struct reading *reading)
{
	return reading->date;
}

const GPtrArray *
reading_attachments(const struct reading *reading)
{
	return reading->attachments;
}

/* --- content --- */

static char *
text_of(GMimePart *part)
{
	GMimeStream *stream = mime_stream_of_part(part, true);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	ssize_t got;

	while (text->len < TEXT_MAX && (got = g_mime_stream_read(stream, piece, PIECE_BYTES)) > 0)
		g_string_append_len(text, piece, got);
	g_object_unref(stream);
	if (text->len >= TEXT_MAX)
		g_string_append(text, "\n[The text is longer; download the message to read all of it.]\n");
	return g_utf8_make_valid(text->str, (gssize)text->len);
}

static bool
is_one_of(const xmlNode *node, const char *const *names)
{
	for (; *names != NULL; names++)
		if (node->name != NULL && strcmp((const char *)node->name, *names) == 0)
			return true;
	return false;
}

/* The text of HTML, with lines where blocks begin and end. */
static void
collect_text(const xmlNode *node, GString *text, int depth)
{
	static const char *const silent[] = {"script", "style", "head", "title", NULL};
	static const char *const blocks[] = {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4",
					     "h5", "h6", "table", "ul", "ol", "blockquote", NULL};

	for (; node != NULL && depth < DEPTH_MAX; node = node->next) {
		bool is_block = node->type == XML_ELEMENT_NODE && is_one_of(node, blocks);

		if (node->type == XML_TEXT_NODE)
			g_string_append(text, (const char *)node->content);
		if (node->type != XML_ELEMENT_NODE || is_one_of(node, silent))
			continue;
		collect_text(node->children, text, depth + 1);
		if (is_block && text->len > 0 && text->str[text->len - 1] != '\n')
			g_string_append_c(text, '\n');
	}
}

static char *
text_of_html(GMimePart *part)
{
	g_autofree char *html = text_of(part);
	htmlDocPtr document = htmlReadMemory(html, (int)strlen(html), NULL, "UTF-8",
					     HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
						     HTML_PARSE_NONET);
	GString *text = g_string_new(NULL);

	if (document != NULL)
		collect_text(xmlDocGetRootElement(document), text, 0);
	xmlFreeDoc(document);
	return g_string_free(text, FALSE);
}

char *
reading_text(const struct reading *reading)
{
	if (reading->plain != NULL)
		return text_of(reading->plain);
	if (reading->html != NULL)
		return text_of_html(reading->html);
	return g_strdup("");
}

static bool
copy_stream(GMimeStream *stream, struct sink *sink, struct fault *fault)
{
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	ssize_t got;

	while ((got = g_mime_stream_read(stream, piece, PIECE_BYTES)) > 0)
		if (!sink_write(sink, piece, (size_t)got, fault))
			return false;
	return got == 0 || g_mime_stream_eos(stream) ||
	       fault_set(fault, FAULT_STORAGE, "reading an attachment failed");
}

/* An attached message has no encoding of its own: its bytes are what lies between the
 * boundaries, which GMime writes from the parsed tree; its own fields it keeps as they were. */
static bool
copy_message(GMimeMessagePart *part, struct sink *sink, struct fault *fault)
{
	GMimeMessage *inner = g_mime_message_part_get_message(part);
	g_autofree char *text = inner == NULL ? g_strdup("") : g_mime_object_to_string(GMIME_OBJECT(inner), NULL);

	return sink_write(sink, text, strlen(text), fault);
}

bool
reading_attachment(const struct reading *reading, guint number, struct sink *sink,
		   struct fault *fault)
{
	GMimeObject *part = g_ptr_array_index(reading->parts, number);
	GMimeStream *stream;
	bool copied;

	if (GMIME_IS_MESSAGE_PART(part))
		return copy_message(GMIME_MESSAGE_PART(part), sink, fault);
	if (!GMIME_IS_PART(part))
		return true;
	stream = mime_stream_of_part(GMIME_PART(part), false);
	copied = copy_stream(stream, sink, fault);
	g_object_unref(stream);
	return copied;
}
