#include "mail/armor.h"

#include <glib.h>
#include <string.h>

#include "mail/pgp_packets.h"

enum { LINE_BYTES = 1000, PIECE_BYTES = 16384 };

/* Limit on the header lines of all armored messages in the text together, in bytes: anybody can
 * read what they contain. */
enum { HEADERS_MAX = 400 };

enum place { OUTSIDE, HEADERS, DATA, CHECKSUM };

struct scan {
	enum place place;
	unsigned messages;
	bool is_readable; /* contains something that anybody can read */
	size_t headers;	  /* bytes, of all armored messages */
	struct pgp_packets packets;
	gint state; /* of the base64 decoder */
	guint save;
	bool is_padded;
	char line[LINE_BYTES + 1];
	size_t length;
	struct sink *sink; /* gets the packets, unless it is NULL */
	struct fault *fault;
};

/* Groups of four (RFC 4648 §4): hardly any word of any language looks like this. */
static bool
is_base64(const char *line)
{
	size_t length =
		strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

	length += strspn(line + length, "=");
	return length > 0 && length % 4 == 0 && line[length] == '\0';
}

/* Nothing may follow the padding. */
static void
see_base64(struct scan *scan, const char *line)
{
	guchar bytes[LINE_BYTES];
	gsize length = g_base64_decode_step(line, strlen(line), bytes, &scan->state, &scan->save);

	scan->is_readable |= scan->is_padded || !is_base64(line);
	scan->is_padded = strchr(line, '=') != NULL;
	pgp_packets_step(&scan->packets, bytes, length);
	if (scan->sink != NULL && !sink_write(scan->sink, bytes, length, scan->fault))
		scan->is_readable = true; /* nothing more is read */
}

static void
begin_message(struct scan *scan)
{
	scan->place = HEADERS;
	scan->packets = (struct pgp_packets){0};
	scan->state = 0;
	scan->save = 0;
	scan->is_padded = false;
}

static void
see_data(struct scan *scan, const char *line)
{
	if (strcmp(line, "-----END PGP MESSAGE-----") == 0) {
		scan->place = OUTSIDE;
		scan->is_readable |= !pgp_packets_are_encrypted(&scan->packets);
		scan->messages++;
	} else if (scan->place == CHECKSUM) {
		scan->is_readable |= *line != '\0';
	} else if (*line == '=' && strlen(line) == 5 && is_base64(line + 1)) {
		scan->place = CHECKSUM;
	} else if (*line != '\0') {
		see_base64(scan, line);
	}
}

/* The registered header lines (RFC 9580 §6.2.2). */
static bool
is_known_header(const char *line)
{
	static const char *const names[] = {
		"Version:", "Comment:", "Hash:", "Charset:", "MessageID:", NULL};

	for (const char *const *name = names; *name != NULL; name++)
		if (g_ascii_strncasecmp(line, *name, strlen(*name)) == 0)
			return true;
	return false;
}

static void
see_header(struct scan *scan, const char *line)
{
	if (*line == '\0') {
		scan->place = DATA;
		return;
	}
	scan->headers += strlen(line);
	scan->is_readable |= scan->headers > HEADERS_MAX || !is_known_header(line);
}

/* Blanks at the end of a line are ignored (RFC 9580 §6.2). */
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
			begin_message(scan);
		else
			scan->is_readable |= *line != '\0';
		break;
	case HEADERS:
		see_header(scan, line);
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

static bool
see_all(struct scan *scan, GMimeStream *text)
{
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	ssize_t got;

	while (!scan->is_readable && (got = g_mime_stream_read(text, piece, PIECE_BYTES)) > 0)
		see(scan, piece, (size_t)got);
	if (!scan->is_readable)
		see_line(scan);
	return !scan->is_readable && scan->place == OUTSIDE && scan->messages > 0;
}

bool
armor_is_all_encrypted(GMimeStream *text)
{
	g_autofree struct scan *scan = g_new0(struct scan, 1);

	return see_all(scan, text);
}

bool
armor_take_encrypted(GMimeStream *text, struct sink *sink, struct fault *fault)
{
	g_autofree struct scan *scan = g_new0(struct scan, 1);

	scan->sink = sink;
	scan->fault = fault;
	if (see_all(scan, text) && scan->messages == 1)
		return true;
	return sink->failed ? false
			    : fault_set(fault, FAULT_INPUT,
					"reading armor: it is not one encrypted message");
}
