#include "mail/opaque.h"

#include <stdio.h>
#include <string.h>

#include "mail/cms_type.h"
#include "mail/mime_stream.h"
#include "mail/protection.h"
#include "mail/uuencode.h"
#include "mail/zip.h"

enum { BEGINNING_BYTES = 512, TAR_MARK = 257, PIECE_BYTES = 65536, NAME_SHOWN = 80 };

struct look {
	const struct parts *parts;
	struct opacity *opaque;
};

static void
say(struct opacity *opaque, GMimeObject *part, bool hides_names, const char *what)
{
	const char *name = GMIME_IS_PART(part) ? g_mime_part_get_filename(GMIME_PART(part)) : NULL;
	g_autofree char *valid = name == NULL ? NULL : g_utf8_make_valid(name, -1);
	g_autofree char *cut =
		valid == NULL
			? NULL
			: g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), NAME_SHOWN / 4));

	if (!opaque->text && cut != NULL)
		snprintf(opaque->why, sizeof opaque->why, "the part “%s” %s",
			 g_strdelimit(cut, "\r\n", ' '), what);
	else if (!opaque->text)
		snprintf(opaque->why, sizeof opaque->why, "a part %s", what);
	opaque->text = true;
	opaque->names |= hides_names;
}

/* --- what the fields say --- */

static bool
has_known_encoding(GMimeObject *part)
{
	static const char *const known[] = {"7bit",   "8bit",	    "binary",	"quoted-printable",
					    "base64", "x-uuencode", "uuencode", "x-uue",
					    NULL};
	const char *value = g_mime_object_get_header(part, "Content-Transfer-Encoding");
	g_autofree char *lower = value == NULL ? NULL : g_ascii_strdown(value, -1);

	return lower == NULL || *g_strstrip(lower) == '\0' || g_strv_contains(known, lower);
}

/* NULL: nothing that is known to hide its content. */
static const char *
type_that_hides(GMimeContentType *type)
{
	static const struct {
		const char *type, *subtype, *what;
	} types[] = {
		{"application", "ms-tnef", "is in Outlook's format (TNEF)"},
		{"application", "vnd.ms-tnef", "is in Outlook's format (TNEF)"},
		{"message", "partial", "is a piece of a message"},
		{"message", "external-body", "is stored elsewhere"},
		{"multipart", "encrypted", "is encrypted"},
		{"application", "mac-binhex40", "is in BinHex format"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_mime_content_type_is_type(type, types[i].type, types[i].subtype))
			return types[i].what;
	return NULL;
}

/* --- what the content says --- */

/* An archive or container that is not unpacked here. */
static const char *
content_that_hides(const char *beginning, size_t length)
{
	static const struct {
		size_t at;
		const char *mark;
		size_t length;
		const char *what;
	} marks[] = {
		{0, "\x78\x9f\x3e\x22", 4, "is in Outlook's format (TNEF)"},
		{0, "7z\xbc\xaf\x27\x1c", 6, "is an archive (7z)"},
		{0, "Rar!\x1a\x07", 6, "is an archive (RAR)"},
		{0, "\x1f\x8b", 2, "is compressed (gzip)"},
		{0, "BZh", 3, "is compressed (bzip2)"},
		{0,
		 "\xfd"
		 "7zXZ",
		 6, "is compressed (xz)"},
		{0, "\x28\xb5\x2f\xfd", 4, "is compressed (zstd)"},
		{0, "MSCF", 4, "is an archive (CAB)"},
		{0, "xar!", 4, "is an archive (xar)"},
		{2, "-lh", 3, "is an archive (LHA)"},
		{TAR_MARK, "ustar", 5, "is an archive (tar)"},
		{0, "(This file must be converted with BinHex", 40, "is in BinHex format"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
		if (length >= marks[i].at + marks[i].length &&
		    memcmp(beginning + marks[i].at, marks[i].mark, marks[i].length) == 0)
			return marks[i].what;
	return NULL;
}

static bool
note_encrypted(void *visitor, const char *name, bool is_encrypted)
{
	bool *found = visitor;

	(void)name;
	*found = is_encrypted;
	return !is_encrypted;
}

static bool
note_file(void *visitor, const char *name)
{
	(void)name;
	*(bool *)visitor = true;
	return false;
}

/* Does any of the marks, which begin with the same byte, stand anywhere in it? */
static bool
contains(GMimeStream *stream, const char *mark, size_t length)
{
	g_autofree char *window = g_malloc(PIECE_BYTES);
	size_t held = 0;
	ssize_t got;

	while ((got = g_mime_stream_read(stream, window + held, PIECE_BYTES - held)) > 0) {
		held += (size_t)got;
		if (memmem(window, held, mark, length) != NULL)
			return true;
		if (held >= length) {
			memmove(window, window + held - length + 1, length - 1);
			held = length - 1;
		}
	}
	return false;
}

/* UTF-16, as OLE has its names (MS-OFFCRYPTO 2.3.4.4). */
static const char encrypted_package[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";

static const char *
encrypted_content(GMimeStream *stream, const char *beginning, bool is_text)
{
	bool found = false;

	if (memcmp(beginning, "PK\3\4", 4) == 0)
		zip_each(stream, note_encrypted, &found);
	else if (memcmp(beginning, "%PDF-", 5) == 0)
		found = contains(stream, "/Encrypt", 8);
	else if (memcmp(beginning, "\xd0\xcf\x11\xe0", 4) == 0)
		found = contains(stream, encrypted_package, sizeof encrypted_package - 1);
	else if (is_text)
		found = contains(stream, "\n-----BEGIN PGP MESSAGE-----", 28);
	return found || memcmp(beginning, "-----BEGIN PGP MESSAGE-----", 27) == 0 ? "is encrypted"
										  : NULL;
}

static const char *
file_in_text(GMimeStream *stream)
{
	bool found = false;

	uuencode_each(stream, note_file, &found);
	return found ? "has a file within its text (uuencode)" : NULL;
}

typedef const char *ask(GMimeStream *stream, const char *beginning, bool is_text);

static const char *
ask_file(GMimeStream *stream, const char *beginning, bool is_text)
{
	(void)beginning;
	return is_text ? file_in_text(stream) : NULL;
}

static const char *
ask_anew(GMimeObject *part, ask *question, const char *beginning)
{
	GMimeStream *stream = mime_stream_of_part(GMIME_PART(part));
	const char *answer = question(
		stream, beginning,
		g_mime_content_type_is_type(g_mime_object_get_content_type(part), "text", "*"));

	g_object_unref(stream);
	return answer;
}

static void
look_at_content(GMimeObject *part, struct opacity *opaque)
{
	GMimeStream *stream = mime_stream_of_part(GMIME_PART(part));
	char beginning[BEGINNING_BYTES] = {0};
	ssize_t got = g_mime_stream_read(stream, beginning, sizeof beginning);
	const char *what = got <= 0 ? NULL : content_that_hides(beginning, (size_t)got);

	g_object_unref(stream);
	if (what != NULL) {
		say(opaque, part, true, what);
		return;
	}
	what = ask_anew(part, encrypted_content, beginning);
	if (what == NULL)
		what = ask_anew(part, ask_file, beginning);
	if (what != NULL)
		say(opaque, part, false, what);
}

static void
look_at_leaf(GMimeObject *part, const struct look *look)
{
	const char *what = type_that_hides(g_mime_object_get_content_type(part));

	if (!has_known_encoding(part))
		what = "has an unknown transfer encoding";
	if (what == NULL && parts_are_closed(look->parts, part))
		what = "is encrypted, or too large or too deep to be inspected";
	if (what != NULL)
		say(look->opaque, part, true, what);
	else
		look_at_content(part, look->opaque);
}

static bool
look_at(GMimeObject *part, void *data)
{
	const struct look *look = data;

	if (GMIME_IS_MULTIPART(part) && g_mime_multipart_get_count(GMIME_MULTIPART(part)) == 0)
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

bool
opaque_find(struct parts *parts, struct opacity *opaque_r, struct fault *fault)
{
	const struct look look = {parts, opaque_r};
	struct protection protection;

	*opaque_r = (struct opacity){0};
	if (!protection_find(parts, &protection, fault))
		return false;
	if (protection.encrypted)
		return true;
	/* First all is parsed, then it is known what could not be. */
	return parts_each(parts, pass_by, NULL, fault) &&
	       parts_each(parts, look_at, (void *)&look, fault);
}
