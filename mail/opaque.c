#include "mail/opaque.h"

#include <stdio.h>
#include <string.h>

#include "mail/ambiguity.h"
#include "mail/container.h"
#include "mail/document_kind.h"
#include "mail/file_names.h"
#include "mail/inner.h"
#include "mail/masked.h"
#include "mail/mime_stream.h"
#include "mail/pgp_packets.h"
#include "mail/protection.h"
#include "mail/uuencode.h"
#include "mail/zip.h"

enum { PIECE_BYTES = 65536, NAME_SHOWN = 80, VALUE_BEGINNING = 64 };

struct look {
	struct parts *parts;
	struct opacity *opaque;
};

static void
say(struct opacity *opaque, GMimeObject *part, bool hides_names, const char *what)
{
	const char *name = GMIME_IS_PART(part) ? g_mime_part_get_filename(GMIME_PART(part)) : NULL;
	g_autofree char *valid = name == NULL ? NULL : g_utf8_make_valid(name, -1);
	g_autofree char *cut = NULL;

	if (valid != NULL) {
		mask_digits(valid);
		cut = g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), NAME_SHOWN / 4));
	}
	if (!opaque->text && cut != NULL)
		snprintf(opaque->why, sizeof opaque->why, "the part “%s” %s",
			 g_strdelimit(cut, "\r\n", ' '), what);
	else if (!opaque->text)
		snprintf(opaque->why, sizeof opaque->why, "a part %s", what);
	documents_end_at_character(opaque->why);
	opaque->text = true;
	opaque->names |= hides_names;
}

/* --- what the fields say --- */

static bool
has_known_encoding(GMimeObject *part)
{
	static const char *const known[] = {"7bit",   "8bit", "binary", "quoted-printable",
					    "base64", NULL};
	const char *value = g_mime_object_get_header(part, "Content-Transfer-Encoding");
	g_autofree char *lower = value == NULL ? NULL : g_ascii_strdown(value, -1);

	return lower == NULL || *g_strstrip(lower) == '\0' || g_strv_contains(known, lower);
}

/* NULL: the type is not known to hide its content. */
static const char *
type_that_hides(GMimeContentType *type)
{
	static const struct {
		const char *type, *subtype, *what;
	} types[] = {
		{"application", "vnd.ms-outlook", "is an Outlook item"},
		{"message", "partial", "is a piece of a message"},
		{"message", "external-body", "is stored elsewhere"},
		{"multipart", "encrypted", "is encrypted"},
		{"application", "mac-binhex40", "is in BinHex format"},
		{"application", "mbox", "is a mailbox"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_mime_content_type_is_type(type, types[i].type, types[i].subtype))
			return types[i].what;
	return NULL;
}

/* Files in which a mail program finds messages, and which their content does not tell from text. */
static bool
is_mail_file(const GPtrArray *names)
{
	static const char *const endings[] = {".emlx", ".mbox", ".mbx", NULL};

	return file_names_end(names, endings);
}

/* --- what the content says --- */

static bool
note_encrypted(void *visitor, const char *name, bool is_encrypted)
{
	bool *found = visitor;

	(void)name;
	*found = is_encrypted;
	return !is_encrypted;
}

/* Another archive, or a message with its attachments, within a ZIP archive. */
static bool
note_nested(void *visitor, const char *name, bool is_encrypted)
{
	static const char *const endings[] = {
		".zip", ".7z",	".rar", ".gz",	".tgz", ".bz2",	 ".xz",	  ".zst",  ".lz4",  ".lz",
		".z",	".tar", ".cab", ".arj", ".ace", ".lzh",	 ".lha",  ".cpio", ".iso",  ".img",
		".vhd", ".wim", ".dmg", ".eml", ".msg", ".vhdx", ".mbox", ".mbx",  ".emlx", NULL};
	g_autofree char *lower = g_ascii_strdown(name, -1);
	bool *found = visitor;

	(void)is_encrypted;
	for (const char *const *ending = endings; *ending != NULL && !*found; ending++)
		*found = g_str_has_suffix(lower, *ending);
	return !*found;
}

struct files {
	bool any, hide_names;
};

static bool
note_file(void *visitor, const char *name)
{
	struct files *files = visitor;

	files->any = true;
	files->hide_names |= name == NULL;
	return true;
}

/* What is searched for in the whole content of a part, and its last bytes. */
enum { PGP_ARMOR, PDF_ENCRYPT, OLE_PACKAGE, OUTLOOK_ITEM, MARKS };

struct glance {
	char beginning[CONTAINER_BEGINNING];
	size_t length;				/* of the bytes read */
	bool has[MARKS], has_zip_end, has_file; /* within a calendar entry or card */
	char end[CONTAINER_END];
	size_t end_length;
	struct document_bytes bytes;
	bool is_text;
};

/* In UTF-16, as OLE writes its names: MS-OFFCRYPTO 2.3.4.4, MS-OXMSG 2.2. */
static const struct {
	const char *bytes;
	size_t length;
	const char *only_behind; /* only in a file that begins with this */
} marks[MARKS] = {
	[PGP_ARMOR] = {"\n-----BEGIN PGP MESSAGE-----", 28, ""},
	[PDF_ENCRYPT] = {"/Encrypt", 8, "%PDF-"},
	[OLE_PACKAGE] = {"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e", 31, "\xd0\xcf\x11\xe0"},
	[OUTLOOK_ITEM] = {"_\0_\0s\0u\0b\0s\0t\0g\0001\0.\0000\0_", 23, "\xd0\xcf\x11\xe0"},
};

/* A picture, which a card may have of a person, or a certificate. */
static bool
begins_picture(const char *at, const char *end)
{
	static const char *const beginnings[] = {"/9j/", "iVBORw0KGgo", "R0lGOD", "UklGR", "Qk0",
						 "Qk1",	 "Qk2",		"Qk3",	  "MII",   NULL};

	while (at < end && strchr(" \t\r\n", *at) != NULL)
		at++;
	for (const char *const *beginning = beginnings; *beginning != NULL; beginning++)
		if ((size_t)(end - at) >= strlen(*beginning) &&
		    strncmp(at, *beginning, strlen(*beginning)) == 0)
			return true;
	return false;
}

static bool
begins_word(const char *at, const char *end, const char *word)
{
	return (size_t)(end - at) >= strlen(word) &&
	       g_ascii_strncasecmp(at, word, strlen(word)) == 0;
}

/* The character before an encoded value that is declared here, or NUL: a parameter (RFC 5545
 * 3.8.1.1, RFC 2426 2.4.1, vCard 2.1), or an address with data (RFC 2397). */
static char
declared_before(const char *at, const char *end)
{
	if (begins_word(at, end, ";base64,"))
		return ',';
	return begins_word(at, end, ";base64:") || begins_word(at, end, ";base64;") ||
			       begins_word(at, end, "encoding=b:") ||
			       begins_word(at, end, "encoding=b;") ||
			       begins_word(at, end, "encoding=base64")
		       ? ':'
		       : '\0';
}

/* Pieces overlap: a value that begins where one ends is looked at with the next. */
static void
look_for_value(struct glance *glance, const char *window, size_t length, bool is_last)
{
	const bool is_card = g_ascii_strncasecmp(glance->beginning, "BEGIN:VCARD", 11) == 0;
	const char *end = window + length, *value;

	if (glance->has_file ||
	    (!is_card && g_ascii_strncasecmp(glance->beginning, "BEGIN:VCALENDAR", 15) != 0))
		return;
	for (const char *at = window; at < end && !glance->has_file; at++) {
		const char before = strchr(";eE", *at) == NULL ? '\0' : declared_before(at, end);

		value = before == '\0' ? NULL : memchr(at + 1, before, (size_t)(end - at - 1));
		if (value != NULL && (is_last || end - value > VALUE_BEGINNING))
			glance->has_file = !is_card || !begins_picture(value + 1, end);
	}
}

static bool
is_sought(const struct glance *glance, size_t mark)
{
	return !glance->has[mark] && g_str_has_prefix(glance->beginning, marks[mark].only_behind) &&
	       (mark != PGP_ARMOR || glance->is_text);
}

static void
search(struct glance *glance, const char *window, size_t length)
{
	glance->has_zip_end = glance->has_zip_end || zip_end_is_in(window, length);
	look_for_value(glance, window, length, false);
	for (size_t i = 0; i < MARKS; i++)
		if (is_sought(glance, i))
			glance->has[i] =
				memmem(window, length, marks[i].bytes, marks[i].length) != NULL;
}

static void
read_beginning(GMimeObject *part, struct glance *glance)
{
	GMimeStream *stream = mime_stream_of_part(GMIME_PART(part));

	glance->length = mime_stream_fill(stream, glance->beginning, sizeof glance->beginning);
	g_object_unref(stream);
}

/* Consecutive pieces overlap by more than the length of a mark and of the end that is examined. */
static void
read_all(GMimeObject *part, struct glance *glance)
{
	GMimeStream *stream = mime_stream_of_part(GMIME_PART(part));
	g_autofree char *window = g_malloc(CONTAINER_END + PIECE_BYTES);
	size_t held = 0, kept;
	ssize_t got;

	while ((got = g_mime_stream_read(stream, window + held, PIECE_BYTES)) > 0) {
		document_count(&glance->bytes, window + held, (size_t)got);
		held += (size_t)got;
		search(glance, window, held);
		kept = MIN(held, (size_t)CONTAINER_END);
		memmove(window, window + held - kept, kept);
		held = kept;
	}
	look_for_value(glance, window, held, true);
	memcpy(glance->end, window, held);
	glance->end_length = held;
	g_object_unref(stream);
}

static const char *
look_into_zip(GMimeObject *part, bool *hides_names_r)
{
	GMimeStream *stream = mime_stream_of_part(GMIME_PART(part));
	struct reading_limit limit = {.left = READINGS_BYTES};
	bool nested = false, encrypted = false;

	zip_each(stream, &limit, note_nested, &nested);
	g_object_unref(stream);
	*hides_names_r = nested || limit.is_reached;
	if (nested)
		return "holds another archive or message";
	if (limit.is_reached)
		return "is an archive with names within names";
	stream = mime_stream_of_part(GMIME_PART(part));
	zip_each(stream, &limit, note_encrypted, &encrypted);
	g_object_unref(stream);
	return encrypted ? "is encrypted" : NULL;
}

static const char *
look_into_text(GMimeObject *part, bool *hides_names_r)
{
	GMimeStream *stream = mime_stream_of_part(GMIME_PART(part));
	struct files files = {0};

	uuencode_each(stream, note_file, &files);
	g_object_unref(stream);
	*hides_names_r |= files.hide_names;
	if (files.hide_names)
		return "has a file within its text (BinHex)";
	return files.any ? "has a file within its text (uuencode)" : NULL;
}

/* A file that is uuencoded by itself, whatever its type. */
static bool
begins_encoded_file(const struct glance *glance)
{
	static const char *const beginnings[] = {"begin ", "begin-base64 ", "=ybegin "};
	bool begins = false;

	for (size_t i = 0; i < G_N_ELEMENTS(beginnings); i++)
		begins |= g_str_has_prefix(glance->beginning, beginnings[i]);
	return begins;
}

/* Without armor. */
static bool
is_pgp(const struct glance *glance)
{
	struct pgp_packets packets = {0};

	pgp_packets_step(&packets, glance->beginning, glance->length);
	return pgp_packets_begin_encrypted(&packets);
}

/* Of one that was not read, or is called so and is none. */
static const char *
tnef_that_hides(GMimeContentType *type, const struct glance *glance, unsigned kinds)
{
	const unsigned looks = document_kinds_by_beginning(glance->beginning, glance->length);

	return (kinds & DOCUMENT_TNEF) == 0 &&
			       ((looks & DOCUMENT_TNEF) != 0 ||
				g_mime_content_type_is_type(type, "application", "ms-tnef") ||
				g_mime_content_type_is_type(type, "application", "vnd.ms-tnef"))
		       ? "is in Outlook's format (TNEF)"
		       : NULL;
}

/* Programs that open a file by its name show text among bytes that are none; what has more than a
 * few of these where it begins is not read (text.c). */
static bool
is_unread_text(const struct glance *glance, unsigned kinds)
{
	return kinds == 0 && !glance->is_text && document_is_mostly_text(&glance->bytes) &&
	       !document_is_like_text(glance->beginning, glance->length);
}

/* What hides the text and may also hide names, or hides only the text. What kinds of documents it
 * is (document_kind.h) tells what postseal-reader has looked into. */
static const char *
what_hides(GMimeObject *part, struct glance *glance, unsigned kinds, bool *hides_names_r)
{
	const char *what = container_by_beginning(glance->beginning, glance->length);

	*hides_names_r = true;
	if (what == NULL)
		what = tnef_that_hides(g_mime_object_get_content_type(part), glance, kinds);
	if (what != NULL)
		return what;
	glance->has[PGP_ARMOR] = g_str_has_prefix(glance->beginning, "-----BEGIN PGP MESSAGE-----");
	read_all(part, glance);
	if (is_pgp(glance))
		return "is encrypted";
	what = container_by_end(glance->end, glance->end_length);
	if (what != NULL || glance->has[OUTLOOK_ITEM])
		return what != NULL ? what : "is an Outlook item";
	if (glance->has_file)
		return "has a file within its calendar entry or card";
	*hides_names_r = false;
	if (glance->has[PGP_ARMOR] || glance->has[OLE_PACKAGE] ||
	    (glance->has[PDF_ENCRYPT] && (kinds & DOCUMENT_PDF) == 0))
		return "is encrypted";
	what = document_unread(glance->beginning, glance->length);
	if (what != NULL)
		return what;
	if ((kinds & DOCUMENT_ZIP) == 0 &&
	    (glance->has_zip_end || g_str_has_prefix(glance->beginning, "PK")))
		what = look_into_zip(part, hides_names_r);
	if (what == NULL && is_unread_text(glance, kinds))
		what = "is text with bytes in it that are none";
	return what == NULL && (glance->is_text || begins_encoded_file(glance))
		       ? look_into_text(part, hides_names_r)
		       : what;
}

/* One that its name or type tells is looked into (inner.h). */
static bool
is_hidden_message(GMimeObject *part, const struct look *look, const struct glance *glance)
{
	return container_is_message(glance->beginning, glance->length) &&
	       !inner_is_likely(part, parts_file_names(look->parts, part));
}

static void
look_at_content(GMimeObject *part, const struct look *look)
{
	const unsigned kinds = documents_kinds(parts_documents(look->parts), part);
	g_autofree struct glance *glance = g_new0(struct glance, 1);
	bool hides_names;
	const char *what;

	glance->is_text =
		g_mime_content_type_is_type(g_mime_object_get_content_type(part), "text", "*");
	read_beginning(part, glance);
	what = what_hides(part, glance, kinds, &hides_names);
	if (what == NULL && is_hidden_message(part, look, glance)) {
		what = "is a message under another name";
		hides_names = true;
	}
	if (what != NULL)
		say(look->opaque, part, hides_names, what);
}

static void
look_at_leaf(GMimeObject *part, const struct look *look)
{
	const char *what = type_that_hides(g_mime_object_get_content_type(part));

	if (!has_known_encoding(part))
		what = "has an unknown transfer encoding";
	if (what == NULL)
		what = ambiguity_of(part);
	if (what == NULL && is_mail_file(parts_file_names(look->parts, part)))
		what = "is a mailbox or a message in a mail program's own format";
	if (what == NULL && parts_are_closed(look->parts, part))
		what = "is encrypted, or too large or too deep to be inspected";
	if (what != NULL)
		say(look->opaque, part, true, what);
	else
		look_at_content(part, look);
}

static bool
look_at(GMimeObject *part, void *data)
{
	const struct look *look = data;
	const char *why = GMIME_IS_PART(part) ? NULL : ambiguity_of(part);

	if (why != NULL)
		say(look->opaque, part, true, why);
	else if (GMIME_IS_MULTIPART(part) && g_mime_multipart_get_count(GMIME_MULTIPART(part)) == 0)
		say(look->opaque, part, true,
		    "is a multipart without parts, or is nested too "
		    "deeply");
	else if (GMIME_IS_MULTIPART(part) &&
		 g_mime_content_type_is_type(g_mime_object_get_content_type(part), "multipart",
					     "encrypted"))
		say(look->opaque, part, true, "is encrypted");
	else if (GMIME_IS_PART(part))
		look_at_leaf(part, look);
	return true;
}

static bool
pass_by(GMimeObject *part, void *data)
{
	(void)part;
	(void)data;
	return true;
}

static bool
look_at_document(const struct document *document, void *data)
{
	const struct look *look = data;

	if (document->hides_text)
		say(look->opaque, document->part, document->hides_names, document->why);
	for (guint i = 0; i < document->files->len; i++)
		look_at_leaf(g_ptr_array_index(document->files, i), look);
	return true;
}

static bool
look_at_documents(struct parts *parts, const struct look *look, struct fault *fault)
{
	struct documents *documents = parts_documents(parts);

	if (documents == NULL)
		return true;
	documents_each(documents, look_at_document, (void *)look);
	return documents_are_good(documents, fault);
}

bool
opaque_find(struct parts *parts, struct opacity *opaque_r, struct fault *fault)
{
	const struct look look = {parts, opaque_r};
	struct protection protection;
	const char *why;

	*opaque_r = (struct opacity){0};
	if (!protection_find(parts, &protection, fault))
		return false;
	if (protection.encrypted)
		return true;
	if (!parts_are_clear(parts, &why, fault))
		return false;
	if (why != NULL) {
		opaque_r->text = opaque_r->names = true;
		snprintf(opaque_r->why, sizeof opaque_r->why, "%s", why);
	}
	/* First everything is parsed and read; only then is it known what could not be. */
	return parts_each(parts, pass_by, NULL, fault) &&
	       (parts_documents(parts) == NULL || documents_read(parts_documents(parts), fault)) &&
	       parts_each(parts, look_at, (void *)&look, fault) &&
	       look_at_documents(parts, &look, fault);
}
