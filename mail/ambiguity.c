#include "mail/ambiguity.h"

#include <stdbool.h>
#include <string.h>

#include "mail/charset.h"
#include "mail/content_type.h"

enum { PIECE_BYTES = 65536 };

/* --- fields --- */

/* Of two fields, GMime takes the last, Thunderbird and Python the first. */
static const char *
repeated_field(GMimeObject *part)
{
	static const struct {
		const char *name, *what;
	} fields[] = {
		{"Content-Type", "has two Content-Type fields"},
		{"Content-Disposition", "has two Content-Disposition fields"},
		{"Content-Transfer-Encoding", "has two Content-Transfer-Encoding fields"},
	};
	GMimeHeaderList *list = g_mime_object_get_header_list(part);

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		unsigned count = 0;

		for (int j = 0; j < g_mime_header_list_get_count(list); j++)
			count += g_ascii_strcasecmp(
					 g_mime_header_get_name(
						 g_mime_header_list_get_header_at(list, j)),
					 fields[i].name) == 0;
		if (count > 1)
			return fields[i].what;
	}
	return NULL;
}

static const char *
raw_content_type(GMimeObject *part)
{
	GMimeHeader *field =
		g_mime_header_list_get_header(g_mime_object_get_header_list(part), "Content-Type");

	return field == NULL ? "" : g_mime_header_get_raw_value(field);
}

/* Is it said to have parts, in a way in which GMime finds none? Python and Thunderbird find them
 * behind "multipart/" without a subtype. */
static const char *
doubtful_type(GMimeObject *part)
{
	const char *value = raw_content_type(part), *subtype;

	value += strspn(value, " \t\r\n\"'");
	if (g_ascii_strncasecmp(value, "multipart", strlen("multipart")) == 0)
		return "has a type that is not clear";
	if (g_ascii_strncasecmp(value, "message/", strlen("message/")) != 0)
		return NULL;
	subtype = value + strlen("message/");
	return g_ascii_isalnum(*subtype) ? NULL : "has a type that is not clear";
}

/* The boundary decides where each part begins. */
static const char *
doubtful_boundary(GMimeObject *part)
{
	return content_type_is_clear_about(raw_content_type(part), "boundary")
		       ? NULL
		       : "has a boundary that is not clear";
}

/* In a character set that does not contain ASCII, line ends are not those of the mail: programs
 * that convert them to LF read different text from those that keep CRLF. */
static const char *
doubtful_charset(GMimeObject *part, GMimeContentEncoding encoding)
{
	const char *charset = g_mime_object_get_content_type_parameter(part, "charset");

	if (content_type_repeats(raw_content_type(part), "charset"))
		return "has two character sets";
	if (charset_is_unknown(charset))
		return "is in an unknown character set";
	if (charset == NULL || encoding == GMIME_CONTENT_ENCODING_BASE64 ||
	    !charset_is_without_ascii(charset))
		return NULL;
	return "is in a character set that only base64 can carry";
}

/* A multipart may not have an encoding of its own (RFC 2045 §6.4). GMime treats an attached message
 * that has one as an ordinary part, if it knows the encoding. */
static const char *
encoded_structure(GMimeObject *part)
{
	static const char *const none[] = {"7bit", "8bit", "binary", "", NULL};
	const char *value = g_mime_object_get_header(part, "Content-Transfer-Encoding");
	g_autofree char *lower = value == NULL ? NULL : g_ascii_strdown(value, -1);

	return lower == NULL || g_strv_contains(none, g_strstrip(lower))
		       ? NULL
		       : "has a transfer encoding that it must not have";
}

/* --- base64 (RFC 2045 §6.8) --- */

enum symbol { OTHER, SYMBOL, PADDING, BLANK };

static void
fill_symbols(unsigned char *kinds)
{
	static const char symbols[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	memset(kinds, OTHER, 256);
	for (const char *at = symbols; *at != '\0'; at++)
		kinds[(unsigned char)*at] = SYMBOL;
	for (const char *at = " \t\r\n"; *at != '\0'; at++)
		kinds[(unsigned char)*at] = BLANK;
	kinds['='] = PADDING;
}

/* Only whole groups of four, with padding only at the end. */
static bool
is_clear_base64(GMimeStream *encoded)
{
	unsigned char kinds[256];
	unsigned long counts[4] = {0};
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	ssize_t got;

	fill_symbols(kinds);
	while ((got = g_mime_stream_read(encoded, piece, PIECE_BYTES)) > 0)
		for (ssize_t i = 0; i < got; i++) {
			unsigned char kind = kinds[(unsigned char)piece[i]];

			counts[kind]++;
			if (kind == OTHER || (kind == SYMBOL && counts[PADDING] > 0))
				return false;
		}
	return counts[PADDING] <= 2 && (counts[SYMBOL] + counts[PADDING]) % 4 == 0;
}

/* --- quoted-printable --- */

/* Blanks after the equals sign were added in transport and are removed (RFC 2045 §6.7 (3)); some
 * programs keep them, and the sign as well. A lone CR behind it is the end of a line for some. */
static bool
is_clear_quoted(GMimeStream *encoded)
{
	enum { TEXT, SIGN, SIGN_AND_BLANK, SIGN_AND_CR } state = TEXT;
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	ssize_t got;

	while ((got = g_mime_stream_read(encoded, piece, PIECE_BYTES)) > 0)
		for (const char *at = piece, *end = piece + got; at < end; at++) {
			if (state == TEXT) {
				at = memchr(at, '=', (size_t)(end - at));
				if (at == NULL)
					break;
				state = SIGN;
			} else if (state == SIGN_AND_CR) {
				if (*at != '\n')
					return false;
				state = TEXT;
			} else if (state == SIGN && *at == '\r') {
				state = SIGN_AND_CR;
			} else if (*at == ' ' || *at == '\t') {
				state = SIGN_AND_BLANK;
			} else if (state == SIGN_AND_BLANK && (*at == '\r' || *at == '\n')) {
				return false;
			} else {
				state = *at == '=' ? SIGN : TEXT;
			}
		}
	return true;
}

static const char *
unclear_content(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeContentEncoding encoding = content == NULL ? GMIME_CONTENT_ENCODING_DEFAULT
							: g_mime_data_wrapper_get_encoding(content);
	GMimeStream *encoded = content == NULL ? NULL : g_mime_data_wrapper_get_stream(content);
	const char *why = doubtful_charset(GMIME_OBJECT(part), encoding);

	if (why != NULL)
		return why;

	if (encoding == GMIME_CONTENT_ENCODING_BASE64) {
		g_mime_stream_reset(encoded);
		return is_clear_base64(encoded) ? NULL : "is in base64 that is malformed";
	}
	if (encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE) {
		g_mime_stream_reset(encoded);
		return is_clear_quoted(encoded) ? NULL : "is quoted-printable that is malformed";
	}
	return NULL;
}

const char *
ambiguity_of(GMimeObject *part)
{
	const char *why = repeated_field(part);

	if (why == NULL)
		why = GMIME_IS_MULTIPART(part) ? doubtful_boundary(part)
		      : GMIME_IS_PART(part)    ? doubtful_type(part)
					       : NULL;
	if (why == NULL)
		why = GMIME_IS_PART(part) ? unclear_content(GMIME_PART(part))
					  : encoded_structure(part);
	return why;
}
