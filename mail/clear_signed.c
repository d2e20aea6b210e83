#include "mail/clear_signed.h"

#include <stdbool.h>
#include <string.h>

enum { LINE_BYTES = 200, PIECE_BYTES = 16384, SIGNATURE_MAX = 64 * 1024 };

enum place { BEFORE, HEADERS, TEXT, SIGNATURE, AFTER };

struct scan {
	enum place place;
	bool is_part; /* there is something that is not signed, or that programs read differently */
	GString *signature;
	char line[LINE_BYTES + 1]; /* its beginning */
	size_t length;
	bool ends_with_cr;
};

static bool
is_digest(const char *word)
{
	static const char *const digests[] = {"MD5",	"SHA1",	  "RIPEMD160", "SHA224",   "SHA256",
					      "SHA384", "SHA512", "SHA3-256",  "SHA3-512", NULL};

	return g_strv_contains(digests, word);
}

/* The one header line that is allowed, "Hash: SHA256, SHA512": some programs show what it says. */
static bool
is_hash_line(const char *line)
{
	static const char name[] = "Hash: ";
	g_auto(GStrv) words = NULL;

	if (!g_str_has_prefix(line, name))
		return false;
	words = g_strsplit(line + strlen(name), ",", 10);
	for (char **word = words; *word != NULL; word++)
		if (!is_digest(g_strstrip(*word)))
			return false;
	return true;
}

static void
see_header(struct scan *scan, const char *line)
{
	if (*line == '\0')
		scan->place = TEXT;
	else
		scan->is_part |= !is_hash_line(line);
}

/* Other lines that begin with a dash are escaped: "- -----BEGIN". */
static void
see_text(struct scan *scan, const char *line)
{
	if (strcmp(line, "-----BEGIN PGP SIGNATURE-----") == 0)
		scan->place = SIGNATURE;
	else
		scan->is_part |= line[0] == '-' && line[1] != ' ';
}

/* Blanks at the end of a line do not count (RFC 9580 §6.2). */
static void
see_line(struct scan *scan)
{
	const bool was_in_signature = scan->place == SIGNATURE;
	char *line = scan->line;

	line[scan->length] = '\0';
	g_strchomp(line);
	scan->length = 0;
	scan->ends_with_cr = false;
	switch (scan->place) {
	case BEFORE:
		if (strcmp(line, "-----BEGIN PGP SIGNED MESSAGE-----") == 0)
			scan->place = HEADERS;
		else
			scan->is_part |= *line != '\0';
		break;
	case HEADERS:
		see_header(scan, line);
		break;
	case TEXT:
		see_text(scan, line);
		break;
	case SIGNATURE:
		if (strcmp(line, "-----END PGP SIGNATURE-----") == 0)
			scan->place = AFTER;
		break;
	default:
		scan->is_part |= *line != '\0';
	}
	if (was_in_signature || scan->place == SIGNATURE)
		g_string_append_printf(scan->signature, "%s\n", line);
}

static void
see(struct scan *scan, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (data[i] == '\n') {
			see_line(scan);
			continue;
		}
		/* Programs disagree whether these end a line or a text. */
		scan->is_part |= data[i] == '\0' || scan->ends_with_cr;
		scan->ends_with_cr = data[i] == '\r';
		if (scan->length < LINE_BYTES)
			scan->line[scan->length++] = data[i];
	}
}

enum clear_signed
clear_signed_find(GMimeStream *text, GString *signature)
{
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	struct scan scan = {.signature = signature};
	ssize_t got;

	while (signature->len <= SIGNATURE_MAX &&
	       (got = g_mime_stream_read(text, piece, PIECE_BYTES)) > 0)
		see(&scan, piece, (size_t)got);
	see_line(&scan);
	if (scan.place < SIGNATURE)
		return scan.place == BEFORE ? CLEAR_SIGNED_NOT : CLEAR_SIGNED_PART;
	return scan.place == AFTER && !scan.is_part ? CLEAR_SIGNED_WHOLE : CLEAR_SIGNED_PART;
}
