#include "delivery/letter.h"

#include <gmime/gmime.h>
#include <string.h>

char *
letter_from(const struct settings *settings)
{
	if (*settings->notices_from != '\0')
		return g_strdup(settings->notices_from);
	return g_strconcat("secure-mail@", settings->domains[0], NULL);
}

/* RFC 5322 §3.3, in UTC. */
static char *
date_now(void)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();

	return g_mime_utils_header_format_date(now);
}

/* An address list of one. */
static char *
mailbox(const char *name, const char *address)
{
	InternetAddress *box = internet_address_mailbox_new(name, address);
	char *text = internet_address_to_string(box, NULL, TRUE);

	g_object_unref(box);
	return text;
}

static bool
write_head(const struct letter *letter, const struct settings *settings, struct sink *sink,
	   struct fault *fault)
{
	g_autofree char *from = mailbox(letter->from_name, letter->from);
	g_autofree char *to = mailbox(NULL, letter->to);
	g_autofree char *subject = g_mime_utils_header_encode_text(NULL, letter->subject, "utf-8");
	g_autofree char *date = date_now();

	return sink_print(sink, fault,
			  "From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\n"
			  "MIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n"
			  "X-Auto-Response-Suppress: All\r\n",
			  from, to, subject, date, letter->id, settings->hostname) &&
	       (letter->reply_to == NULL || sink_print(sink, fault, "Reply-To: <%s>\r\n", letter->reply_to)) &&
	       (letter->references == NULL ||
		sink_print(sink, fault, "In-Reply-To: %s\r\nReferences: %s\r\n", letter->references,
			   letter->references));
}

/* Lines end with CRLF afterwards; the text has no CR of its own. */
static bool
write_lines(const char *text, size_t length, struct sink *sink, struct fault *fault)
{
	const char *end = text + length;

	while (text < end) {
		const char *line = memchr(text, '\n', (size_t)(end - text));
		size_t piece = (size_t)((line == NULL ? end : line) - text);

		if (!sink_write(sink, text, piece, fault) || !sink_write(sink, "\r\n", 2, fault))
			return false;
		text += piece + 1;
	}
	return true;
}

static bool
write_text(const struct letter *letter, struct sink *sink, struct fault *fault)
{
	size_t length = strlen(letter->text);
	GMimeEncoding encoding;
	g_autofree char *encoded = NULL;
	size_t used;

	g_mime_encoding_init_encode(&encoding, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	encoded = g_malloc(g_mime_encoding_outlen(&encoding, length) + 1);
	used = g_mime_encoding_flush(&encoding, letter->text, length, encoded);
	return sink_print(sink, fault,
			  "Content-Type: text/plain; charset=utf-8\r\n"
			  "Content-Transfer-Encoding: quoted-printable\r\n\r\n") &&
	       write_lines(encoded, used, sink, fault);
}

bool
letter_write(const struct letter *letter, const struct settings *settings, struct sink *sink,
	     struct fault *fault)
{
	if (!write_head(letter, settings, sink, fault))
		return false;
	if (letter->report == NULL)
		return write_text(letter, sink, fault);
	return sink_print(sink, fault,
			  "Content-Type: multipart/report; report-type=delivery-status;\r\n"
			  "\tboundary=\"=_%s\"\r\n\r\n--=_%s\r\n",
			  letter->id, letter->id) &&
	       write_text(letter, sink, fault) &&
	       sink_print(sink, fault, "\r\n--=_%s\r\nContent-Type: message/delivery-status\r\n\r\n",
			  letter->id) &&
	       write_lines(letter->report, strlen(letter->report), sink, fault) &&
	       sink_print(sink, fault, "\r\n--=_%s--\r\n", letter->id);
}
