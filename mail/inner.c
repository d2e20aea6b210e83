#include "mail/inner.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <string.h>

#include "mail/boundary_lines.h"
#include "mail/cms_sink.h"
#include "mail/cms_type.h"
#include "mail/file_names.h"
#include "mail/header_shape.h"
#include "mail/mime_stream.h"

enum { PIECE_BYTES = 65536 };

/* Programs also open a file by its name, whatever its type. */
static bool
is_message(GMimeObject *part, const GPtrArray *names)
{
	static const char *const subtypes[] = {"rfc822", "rfc2822", "global", "news", NULL};
	GMimeContentType *type = g_mime_object_get_content_type(part);
	const char *subtype = g_mime_content_type_get_media_subtype(type);
	g_autofree char *lower = subtype == NULL ? NULL : g_ascii_strdown(subtype, -1);

	static const char *const endings[] = {".eml", ".mht", ".mhtml", ".nws", NULL};

	return file_names_end(names, endings) ||
	       (g_mime_content_type_is_type(type, "message", "*") && lower != NULL &&
		g_strv_contains(subtypes, lower));
}

/* A sequence that begins with an OID of RFC 5652 (1.2.840.113549.1.7), in any form of its length.
 */
static bool
begins_cms(GMimeObject *part)
{
	static const unsigned char oid[] = {6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7};
	unsigned char beginning[16] = {0};
	GMimeStream *stream = mime_stream_of_part(GMIME_PART(part));
	size_t at;

	mime_stream_fill(stream, (char *)beginning, sizeof beginning);
	g_object_unref(stream);
	at = beginning[1] > 0x80 && beginning[1] <= 0x84 ? 2U + (beginning[1] & 7) : 2;
	return beginning[0] == 0x30 && memcmp(beginning + at, oid, sizeof oid) == 0;
}

static bool
may_be_cms(GMimeObject *part, const GPtrArray *names)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);
	static const char *const endings[] = {".p7m", NULL};

	return g_mime_content_type_is_type(type, "application", "pkcs7-mime") ||
	       g_mime_content_type_is_type(type, "application", "x-pkcs7-mime") ||
	       file_names_end(names, endings) || begins_cms(part);
}

bool
inner_is_likely(GMimeObject *part, const GPtrArray *names)
{
	return GMIME_IS_PART(part) && (is_message(part, names) || may_be_cms(part, names));
}

/* The decoded content; NULL if it is larger than the budget. */
static GByteArray *
read_content(GMimePart *part, size_t *budget)
{
	GMimeStream *stream = mime_stream_of_part(part);
	GByteArray *content = g_byte_array_new();
	g_autofree guint8 *piece = g_malloc(PIECE_BYTES);
	ssize_t got;

	while ((got = g_mime_stream_read(stream, (char *)piece, PIECE_BYTES)) > 0 &&
	       (size_t)got <= *budget) {
		g_byte_array_append(content, piece, (guint)got);
		*budget -= (size_t)got;
	}
	g_object_unref(stream);
	if (got > 0)
		g_clear_pointer(&content, g_byte_array_unref);
	return content;
}

/* A list of certificates is a signed structure without content (RFC 8551 §3.8). */
static GMimeStream *
signed_content(const GByteArray *der)
{
	BIO *bio = BIO_new_mem_buf(der->data, (int)der->len);
	g_autoptr(CMS_ContentInfo) cms = d2i_CMS_bio(bio, NULL);
	ASN1_OCTET_STRING **content = cms == NULL ? NULL : CMS_get0_content(cms);
	GMimeStream *stream = NULL;

	if (content != NULL && OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed)
		stream = *content == NULL ? g_mime_stream_mem_new_with_buffer("\r\n", 2)
					  : g_mime_stream_mem_new_with_buffer(
						    (const char *)ASN1_STRING_get0_data(*content),
						    (size_t)ASN1_STRING_length(*content));
	BIO_free(bio);
	ERR_clear_error();
	return stream;
}

GMimeObject *
inner_parse(GMimePart *part, const GPtrArray *names, size_t *budget)
{
	bool is_entity = is_message(GMIME_OBJECT(part), names);
	g_autoptr(GByteArray) bytes = read_content(part, budget);
	GMimeStream *stream;
	GMimeParser *parser;
	GMimeObject *root;

	if (bytes == NULL)
		return NULL;
	stream = is_entity ? g_mime_stream_mem_new_with_buffer(
				     bytes->len == 0 ? "" : (const char *)bytes->data, bytes->len)
			   : signed_content(bytes);
	if (stream == NULL)
		return NULL;
	parser = g_mime_parser_new_with_stream(stream);
	root = g_mime_parser_construct_part(parser, NULL);
	g_object_unref(parser);
	if (root != NULL &&
	    (!headers_are_clear(root, stream) || !boundary_lines_are_clear(root, stream)))
		g_clear_object(&root);
	g_object_unref(stream);
	return root;
}
