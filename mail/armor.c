#include "mail/armor.h"

#include <glib.h>
#include <string.h>

enum { LINE_BYTES = 1000, PIECE_BYTES = 16384 };

/* What an encrypted message begins with (RFC 9580 §5.1, §5.3). */
enum packet { PUBLIC_KEY_SESSION = 1, SYMMETRIC_SESSION = 3 };

enum { HEAD_SYMBOLS = 12, HEAD_BYTES = 9 };

enum place { OUTSIDE, HEADERS, FIRST_LINE, DATA, CHECKSUM };

struct scan {
	enum place place;
	unsigned messages;
	bool is_readable; /* something stands there that everybody can read */
	char line[LINE_BYTES + 1];
	size_t length;
};

/* Groups of four (RFC 4648 §4): hardly a word of anybody's language. */
static bool
is_base64(const char *line)
{
	size_t length =
		strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

	length += strspn(line + length, "=");
	return length > 0 && length % 4 == 0 && line[length] == '\0';
}

/* Bytes of a packet's header (RFC 9580 §4.2). */
static size_t
header_length(const guchar *bytes)
{
	static const size_t of_old_form[] = {2, 3, 5, 1};

	if ((bytes[0] & 0x40) == 0)
		return of_old_form[bytes[0] & 3];
	return bytes[1] == 255 ? 6 : bytes[1] >= 192 && bytes[1] < 224 ? 3 : 2;
}

static bool
begins_encrypted(const char *line)
{
	g_autofree char *start = g_strndup(line, HEAD_SYMBOLS);
	gsize length;
	g_autofree guchar *bytes = g_base64_decode(start, &length);
	unsigned tag, version;

	if (length < HEAD_BYTES || (bytes[0] & 0x80) == 0)
		return false;
	tag = (bytes[0] & 0x40) != 0 ? bytes[0] & 0x3f : bytes[0] >> 2 & 0x0f;
	version = bytes[header_length(bytes)];
	return (tag == PUBLIC_KEY_SESSION && (version == 3 || version == 6)) ||
	       (tag == SYMMETRIC_SESSION && version >= 4 && version <= 6);
}

static void
see_data(struct scan *scan, const char *line)
{
	if (strcmp(line, "-----END PGP MESSAGE-----") == 0) {
		scan->place = OUTSIDE;
		scan->messages++;
	} else if (scan->place == CHECKSUM) {
		scan->is_readable |= *line != '\0';
	} else if (*line == '=' && strlen(line) == 5 && is_base64(line + 1)) {
		scan->place = CHECKSUM;
	} else {
		scan->is_readable |= !is_base64(line) && *line != '\0';
	}
}

/* Blanks at the end of a line do not count (RFC 9580 §6.2). */
static void
see_line(struct scan *scan)
{
	char *line;

	scan->line[scan->length] = '\0';
	scan->length = 0;
	line = g_strchomp(scan->line);
	switch (scan->place) {
	case OUTSIDE:
		if (strcmp(line, "-----BEGIN PGP MESSAGE-----") == 0)
			scan->place = HEADERS;
		else
			scan->is_readable |= *line != '\0';
		break;
	case HEADERS:
		if (*line == '\0')
			scan->place = FIRST_LINE;
		else
			scan->is_readable |=
				strstr(line, ": ") == NULL && line[strlen(line) - 1] != ':';
		break;
	case FIRST_LINE:
		scan->is_readable |= !is_base64(line) || !begins_encrypted(line);
		scan->place = DATA;
		break;
	default:
		see_data(scan, line);
	}
}

static void
see(struct scan *scan, const char *data, size_t length)
{
	for (size_t i = 0; i < length && !scan->is_readable; i++) {
		if (data[i] == '\n')
			see_line(scan);
		else if (data[i] == '\0' || scan->length == LINE_BYTES)
			scan->is_readable = true;
		else
			scan->line[scan->length++] = data[i];
	}
}

bool
armor_is_all_encrypted(GMimeStream *text)
{
	g_autofree struct scan *scan = g_new0(struct scan, 1);
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	ssize_t got;

	while (!scan->is_readable && (got = g_mime_stream_read(text, piece, PIECE_BYTES)) > 0)
		see(scan, piece, (size_t)got);
	if (!scan->is_readable)
		see_line(scan);
	return !scan->is_readable && scan->place == OUTSIDE && scan->messages > 0;
}
