#include "mail/protection.h"

#include <string.h>

#include "mail/ambiguity.h"
#include "mail/armor.h"
#include "mail/cms_envelope.h"
#include "mail/cms_type.h"
#include "mail/mime_stream.h"

/* Limits in bytes: for a part that says "Version: 1", or for the sentence before the first part for
 * old clients. */
enum { WORDS_MAX = 256, FIELDS_MAX = 600, PIECE_BYTES = 4096, BEGINNING_BYTES = 16384 };

static bool
is_type(GMimeObject *object, const char *type, const char *subtype)
{
	return g_mime_content_type_is_type(g_mime_object_get_content_type(object), type, subtype);
}

static enum cms_type
cms_of(GMimeObject *object)
{
	GMimeStream *content = mime_stream_of_part(GMIME_PART(object));
	enum cms_type type = cms_type_of(content);

	g_object_unref(content);
	return type;
}

static bool
is_envelope(GMimeObject *object)
{
	GMimeStream *content = mime_stream_of_part(GMIME_PART(object));
	bool is = cms_is_envelope(content);

	g_object_unref(content);
	return is;
}

static bool
is_armor(GMimeObject *object)
{
	GMimeStream *content =
		GMIME_IS_PART(object) ? mime_stream_of_part(GMIME_PART(object)) : NULL;
	bool all = content != NULL && armor_is_all_encrypted(content);

	g_clear_object(&content);
	return all;
}

/* Does the part have at most `most` bytes that are not blanks? */
static bool
has_at_most(GMimeObject *object, size_t most)
{
	GMimeStream *content =
		GMIME_IS_PART(object) ? mime_stream_of_part(GMIME_PART(object)) : NULL;
	char piece[PIECE_BYTES];
	size_t bytes = content == NULL ? most + 1 : 0;
	ssize_t got;

	while (bytes <= most && (got = g_mime_stream_read(content, piece, sizeof piece)) > 0)
		for (ssize_t i = 0; i < got; i++)
			bytes += !g_ascii_isspace(piece[i]);
	g_clear_object(&content);
	return bytes <= most;
}

static bool
has_few_words(const char *around)
{
	return around == NULL || strlen(around) <= WORDS_MAX;
}

/* The header fields of a part can be read as easily as its text. */
static bool
has_few_fields(GMimeObject *part)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(part);
	size_t bytes = 0;

	for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
		GMimeHeader *field = g_mime_header_list_get_header_at(list, i);

		bytes += strlen(g_mime_header_get_name(field)) +
			 strlen(g_mime_header_get_raw_value(field));
	}
	return bytes <= FIELDS_MAX;
}

static bool
are_clear(GMimeMultipart *multipart)
{
	for (int i = 0; i < g_mime_multipart_get_count(multipart); i++) {
		GMimeObject *part = g_mime_multipart_get_part(multipart, i);

		if (ambiguity_of(part) != NULL || !has_few_fields(part))
			return false;
	}
	return true;
}

/* RFC 3156 §4: the version, then the armor. Exchange turns this into multipart/mixed, with an empty
 * text first. */
static bool
is_openpgp(GMimeMultipart *multipart, bool is_mangled)
{
	int count = g_mime_multipart_get_count(multipart), first = count - 2;

	if (count < 2 || first > is_mangled ||
	    !has_few_words(g_mime_multipart_get_prologue(multipart)) ||
	    !has_few_words(g_mime_multipart_get_epilogue(multipart)))
		return false;
	return (first == 0 || has_at_most(g_mime_multipart_get_part(multipart, 0), 0)) &&
	       is_type(g_mime_multipart_get_part(multipart, first), "application",
		       "pgp-encrypted") &&
	       has_at_most(g_mime_multipart_get_part(multipart, first), WORDS_MAX) &&
	       is_armor(g_mime_multipart_get_part(multipart, first + 1)) && are_clear(multipart);
}

static void
look_at_multipart(GMimeObject *root, struct protection *protection)
{
	protection->is_signed = is_type(root, "multipart", "signed");
	if (is_type(root, "multipart", "encrypted") || is_type(root, "multipart", "mixed"))
		protection->encrypted =
			is_openpgp(GMIME_MULTIPART(root), is_type(root, "multipart", "mixed"));
}

/* A list of certificates is a signed structure without signed content (RFC 8551 §3.8). */
static void
look_at_cms(GMimeObject *root, struct protection *protection)
{
	const char *smime_type = g_mime_object_get_content_type_parameter(root, "smime-type");
	enum cms_type type = cms_of(root);

	protection->encrypted = type == CMS_ENCRYPTED && is_envelope(root);
	protection->is_signed =
		type == CMS_SIGNED &&
		(smime_type == NULL || g_ascii_strcasecmp(smime_type, "certs-only") != 0);
}

/* Most mail need not be parsed to see that it is neither. Messages mangled by Exchange can be
 * recognised near the beginning. */
static bool
may_be_protected(const struct message *message, bool *may_r, struct fault *fault)
{
	g_autofree char *value = message_field_text(message, "Content-Type");
	GMimeContentType *type =
		g_mime_content_type_parse(NULL, value == NULL ? "text/plain" : value);
	bool is_mixed = g_mime_content_type_is_type(type, "multipart", "mixed");
	g_autofree char *beginning = g_malloc0(BEGINNING_BYTES + 1);
	size_t got;

	*may_r = g_mime_content_type_is_type(type, "multipart", "encrypted") ||
		 g_mime_content_type_is_type(type, "multipart", "signed") ||
		 g_mime_content_type_is_type(type, "application", "*") ||
		 g_mime_content_type_is_type(type, "text", "plain");
	g_object_unref(type);
	if (!is_mixed)
		return true;
	if (!spool_read(message->body, 0, beginning, BEGINNING_BYTES, &got, fault))
		return false;
	*may_r = strcasestr(beginning, "application/pgp-encrypted") != NULL;
	return true;
}

bool
protection_find(struct parts *parts, struct protection *protection_r, struct fault *fault)
{
	GMimeObject *root;
	const char *why = NULL;
	bool may_be;

	*protection_r = (struct protection){0};
	if (!may_be_protected(parts_message(parts), &may_be, fault))
		return false;
	if (!may_be)
		return true;
	root = parts_root(parts, fault);
	if (root == NULL)
		return false;
	if (GMIME_IS_MULTIPART(root))
		look_at_multipart(root, protection_r);
	else if (GMIME_IS_PART(root) && is_type(root, "application", "*"))
		look_at_cms(root, protection_r);
	else if (GMIME_IS_PART(root) && is_type(root, "text", "plain"))
		protection_r->encrypted = is_armor(root);
	protection_r->encrypted = protection_r->encrypted && ambiguity_of(root) == NULL;
	if (protection_r->encrypted && !parts_are_clear(parts, &why, fault))
		return false;
	protection_r->encrypted = protection_r->encrypted && why == NULL;
	return parts_are_good(parts, fault);
}
