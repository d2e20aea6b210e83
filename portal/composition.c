#include "portal/composition.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mail/letter.h"

enum { NAME_MAX_BYTES = 200, PIECE_BYTES = 32768 };

char *
composition_message_id(const struct composition *composition)
{
	return g_strdup_printf("<%s" LETTER_CONVERSATION "%s>", composition->id.text,
			       composition->domain);
}

/* Addresses for a header field: words are encoded if needed. */
static char *
address_list(const char *shown)
{
	InternetAddressList *list = internet_address_list_parse(NULL, shown);
	char *text = list == NULL ? NULL : internet_address_list_to_string(list, NULL, TRUE);

	g_clear_object(&list);
	return text == NULL ? g_strdup("undisclosed-recipients:;") : text;
}

static bool
write_header(const struct composition *composition, const struct composition_author *author,
	     struct sink *sink, struct fault *fault)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *date = g_mime_utils_header_format_date(now);
	g_autofree char *from = letter_mailbox(author->name, author->address);
	g_autofree char *to = address_list(composition->to);
	g_autofree char *subject = letter_subject(composition->subject);
	g_autofree char *id = composition_message_id(composition);
	g_autofree char *reply_to =
		author->reply_to == NULL ? NULL : letter_mailbox(NULL, author->reply_to);

	return sink_print(sink, fault, "From: %s\r\nTo: %s\r\n", from, to) &&
	       (reply_to == NULL || sink_print(sink, fault, "Reply-To: %s\r\n", reply_to)) &&
	       sink_print(sink, fault, "Subject: %s\r\nDate: %s\r\nMessage-ID: %s\r\n", subject,
			  date, id) &&
	       (*composition->in_reply_to == '\0' ||
		sink_print(sink, fault, "In-Reply-To: %s\r\n", composition->in_reply_to)) &&
	       (*composition->references == '\0' ||
		sink_print(sink, fault, "References: %s\r\n", composition->references)) &&
	       sink_print(sink, fault, "MIME-Version: 1.0\r\n");
}

/* In the form of RFC 2231 if the name is not plain ASCII. */
static char *
disposition(const char *name)
{
	g_autofree char *escaped = g_uri_escape_string(name, NULL, FALSE);

	if (g_str_is_ascii(name) && strpbrk(name, "\"\\\r\n") == NULL &&
	    strlen(name) < NAME_MAX_BYTES)
		return g_strdup_printf("attachment; filename=\"%s\"", name);
	return g_strdup_printf("attachment;\r\n\tfilename*=UTF-8''%s", escaped);
}

/* The type that the browser gives for a file, if it is a valid one. */
static const char *
type_of(const char *type)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_";
	const char *slash = strchr(type, '/');

	if (slash == NULL || slash == type || slash[1] == '\0' || strlen(type) > NAME_MAX_BYTES ||
	    strspn(type, allowed) != (size_t)(slash - type) ||
	    strspn(slash + 1, allowed) != strlen(slash + 1) ||
	    g_ascii_strncasecmp(type, "multipart/", 10) == 0 ||
	    g_ascii_strncasecmp(type, "message/", 8) == 0)
		return "application/octet-stream";
	return type;
}

static bool
copy_large(const struct enclosure *enclosure, struct sink *sink, struct fault *fault)
{
	struct large_file_reader *reader =
		large_file_open(enclosure->database, enclosure->large, 0, enclosure->large->size);
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	bool good;
	size_t got;

	do
		good = large_file_read(reader, piece, PIECE_BYTES, &got, fault) &&
		       sink_write(sink, piece, got, fault);
	while (good && got > 0);
	large_file_close(reader);
	return good;
}

static bool
write_enclosure(const struct enclosure *enclosure, struct sink *sink, struct fault *fault)
{
	g_autofree char *shown_as = disposition(enclosure->name);
	g_autoptr(content_auto) content = NULL;
	struct base64_sink encoder;

	if (!sink_print(sink, fault,
			"Content-Type: %s\r\nContent-Transfer-Encoding: "
			"base64\r\nContent-Disposition: %s\r\n\r\n",
			type_of(enclosure->type), shown_as))
		return false;
	base64_sink_init(&encoder, sink);
	if (enclosure->upload != NULL)
		return spool_part_copy(enclosure->upload, &encoder.sink, fault) &&
		       sink_finish(&encoder.sink, fault);
	if (enclosure->large != NULL)
		return copy_large(enclosure, &encoder.sink, fault) &&
		       sink_finish(&encoder.sink, fault);
	content = content_open(enclosure->source, enclosure->part);
	return content_copy(content, &encoder.sink, fault) && sink_finish(&encoder.sink, fault);
}

bool
composition_write(const struct composition *composition, const struct composition_author *author,
		  struct sink *sink, struct fault *fault)
{
	guint count = composition->enclosures->len;
	const char *text = author->is_mail && composition->mail_text != NULL
				   ? composition->mail_text
				   : composition->text;

	if (!write_header(composition, author, sink, fault))
		return false;
	if (count == 0)
		return letter_write_text(text, sink, fault);
	if (!sink_print(sink, fault,
			"Content-Type: multipart/mixed; boundary=\"=_%s\"\r\n\r\n--=_%s\r\n",
			composition->id.text, composition->id.text) ||
	    !letter_write_text(text, sink, fault))
		return false;
	for (guint i = 0; i < count; i++)
		if (!sink_print(sink, fault, "\r\n--=_%s\r\n", composition->id.text) ||
		    !write_enclosure(&g_array_index(composition->enclosures, struct enclosure, i),
				     sink, fault))
			return false;
	return sink_print(sink, fault, "\r\n--=_%s--\r\n", composition->id.text);
}
