#include "mail/document/package.h"

#include <string.h>

#include "core/reader/serve.h"
#include "core/reader/tell_name.h"
#include "mail/container.h"
#include "mail/document/office_text.h"
#include "mail/document/text_out.h"
#include "mail/document/zip_members.h"
#include "mail/document_kind.h"

struct package {
	struct zip_members zip;
	bool is_office;
	struct office_strings strings;
};

static void
tell_opaque(enum reader_piece piece, const char *why)
{
	reader_tell(piece, why, strlen(why));
}

/* --- what the names say --- */

static bool
ends_with(const char *name, const char *const *endings)
{
	g_autofree char *lower = g_ascii_strdown(name, -1);

	for (; *endings != NULL; endings++)
		if (g_str_has_suffix(lower, *endings))
			return true;
	return false;
}

static bool
has_strings(const struct zip_member *member)
{
	static const char *const names[] = {"sharedstrings.xml", NULL};

	return ends_with(member->name, names);
}

/* What its beginning does not always tell: an archive or a message within an archive. */
static bool
is_named_container(const char *name)
{
	static const char *const endings[] = {
		".7z",	".rar", ".gz",	".tgz", ".bz2",	 ".xz",	  ".zst",  ".lz4",  ".lz",  ".z",
		".tar", ".cab", ".arj", ".ace", ".lzh",	 ".lha",  ".cpio", ".iso",  ".img", ".vhd",
		".wim", ".dmg", ".eml", ".msg", ".vhdx", ".mbox", ".mbx",  ".emlx", NULL};

	return ends_with(name, endings);
}

/* Its name, which is never encrypted, tells whether there may be further names in it. */
static bool
may_hold_files(const char *name)
{
	static const char *const endings[] = {".zip", ".jar", ".docx", ".xlsx", ".pptx",
					      ".odt", ".ods", ".odp",  NULL};

	return ends_with(name, endings) || is_named_container(name);
}

/* Modules of Visual Basic, sheets of Excel 4 macros, Basic of LibreOffice other than the lists of
 * its libraries. */
static bool
is_macro(const char *name)
{
	static const char *const endings[] = {"vbaproject.bin", "vbadata.xml", NULL};
	static const char *const lists[] = {"-lc.xml", "-lb.xml", "/", NULL};

	return ends_with(name, endings) || strstr(name, "/macrosheets/") != NULL ||
	       ((g_str_has_prefix(name, "Basic/") || g_str_has_prefix(name, "Scripts/")) &&
		!ends_with(name, lists));
}

/* Sheets in a binary format (MS-XLSB) and embedded objects. What a printer was set to is binary,
 * too. */
static bool
is_binary_part(const char *name)
{
	static const char *const endings[] = {".bin", NULL};

	return ends_with(name, endings) && strstr(name, "/printerSettings/") == NULL;
}

/* Pages and sheets of Apple's programs; those of XPS, whose text may be glyphs by their numbers. */
static bool
is_unread_page(const char *name)
{
	static const char *const endings[] = {".iwa", ".fpage", NULL};

	return ends_with(name, endings);
}

/* --- a file in the package --- */

enum content { UNDECIDED, XML, FILE_OF_ITS_OWN, PASSED };

/* Its beginning is held until it is known what it is. */
struct reading {
	struct package *package;
	const struct zip_member *member;
	enum content content;
	struct office_text *office;
	char held[CONTAINER_BEGINNING];
	size_t held_length;
	struct document_bytes bytes; /* of what is passed */
	bool has_zip_end;
};

static bool
begins_as_xml(const char *bytes, size_t length)
{
	static const char *const marks[] = {"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"};
	size_t at = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
		if (length >= strlen(marks[i]) && memcmp(bytes, marks[i], strlen(marks[i])) == 0)
			at = strlen(marks[i]);
	while (at < length && strchr(" \t\r\n", bytes[at]) != NULL)
		at++;
	return at < length && bytes[at] == '<';
}

/* A workbook has tables, too. */
static bool
has_other_namespace(const char *tag)
{
	const char *end = strchr(tag, '>'), *name = strstr(tag, "xmlns=");

	return end != NULL && name != NULL && name < end &&
	       strncmp(name + strlen("xmlns=") + 1, "http://www.w3.org/1999/xhtml", 28) != 0;
}

/* A page that Word shows within its document (w:altChunk, ECMA-376 Part 1 §17.17.2.1): its text is
 * found as in any page. */
static bool
begins_as_page(const char *bytes, size_t length)
{
	static const char *const roots[] = {"html", "!doctype html", "body", "head", "meta", "div",
					    "p",    "table",	     "span"};
	g_autofree char *text = g_strndup(bytes, length);
	const char *at = strchr(text, '<');

	while (at != NULL && (at[1] == '?' || g_str_has_prefix(at, "<!--")))
		at = strchr(at + 1, '<');
	for (size_t i = 0; at != NULL && i < G_N_ELEMENTS(roots); i++) {
		const size_t name = strlen(roots[i]);

		if (g_ascii_strncasecmp(at + 1, roots[i], name) == 0 &&
		    !g_ascii_isalnum(at[1 + name]) && strchr(":-_.", at[1 + name]) == NULL)
			return !has_other_namespace(at);
	}
	return false;
}

static void
begin_file(const struct reading *reading)
{
	reader_tell_name(READER_FILE, reading->member->name);
}

static enum content
decide(struct reading *reading)
{
	const char *bytes = reading->held, *what;
	const size_t length = reading->held_length;
	const bool is_office = reading->package->is_office;

	if (is_unread_page(reading->member->name))
		tell_opaque(READER_OPAQUE_TEXT, "has pages in a format that is not read");
	if (is_office && is_macro(reading->member->name))
		tell_opaque(READER_OPAQUE_TEXT, "has macros");
	if (is_office && begins_as_xml(bytes, length) && !begins_as_page(bytes, length)) {
		reading->office =
			office_text_new(&reading->package->strings, has_strings(reading->member));
		return XML;
	}
	if (document_kinds_by_beginning(bytes, length) != 0 || document_is_text(bytes, length)) {
		begin_file(reading);
		return FILE_OF_ITS_OWN;
	}
	what = container_by_beginning(bytes, length);
	if (what != NULL)
		tell_opaque(READER_OPAQUE_FILES, "holds another archive or message");
	else if (document_is_old_office(bytes, length) &&
		 !(is_office && is_macro(reading->member->name)))
		tell_opaque(READER_OPAQUE_FILES, "holds an object in a format that is not read");
	else if (document_unread(bytes, length) != NULL &&
		 !(is_office && is_macro(reading->member->name)))
		tell_opaque(READER_OPAQUE_TEXT, "holds a file in a format that is not read");
	else if (is_office && !is_macro(reading->member->name) &&
		 is_binary_part(reading->member->name))
		tell_opaque(READER_OPAQUE_TEXT, "has binary parts that are not read");
	else if (document_is_like_text(bytes, length)) {
		begin_file(reading);
		return FILE_OF_ITS_OWN;
	}
	return PASSED;
}

static void
tell_content(const char *bytes, size_t length)
{
	while (length > 0) {
		size_t most = MIN(length, (size_t)READER_PIECE_MAX);

		reader_tell(READER_CONTENT, bytes, most);
		bytes += most;
		length -= most;
	}
}

/* Does nothing more with a file that has no text, but for looking whether it ends an archive. */
static bool
pass(struct reading *reading, const char *bytes, size_t length)
{
	switch (reading->content) {
	case XML:
		return office_text_step(reading->office, bytes, length);
	case FILE_OF_ITS_OWN:
		tell_content(bytes, length);
		return true;
	default:
		reading->has_zip_end |= memmem(bytes, length, "PK\5\6", 4) != NULL;
		document_count(&reading->bytes, bytes, length);
		return true;
	}
}

static bool
pass_held(struct reading *reading)
{
	reading->content = decide(reading);
	return pass(reading, reading->held, reading->held_length);
}

static bool
take(void *taker, const char *bytes, size_t length)
{
	struct reading *reading = taker;
	size_t most = MIN(length, sizeof reading->held - reading->held_length);

	if (reading->content != UNDECIDED)
		return pass(reading, bytes, length);
	memcpy(reading->held + reading->held_length, bytes, most);
	reading->held_length += most;
	if (reading->held_length < sizeof reading->held)
		return true;
	return pass_held(reading) && (length == most || pass(reading, bytes + most, length - most));
}

static void
read_member(struct package *package, const struct zip_member *member)
{
	struct reading *reading = reader_allocate(sizeof *reading);
	const char *why, *hidden = NULL;

	*reading = (struct reading){.package = package, .member = member};
	reader_tell_name(READER_NAME, member->name);
	why = zip_unpack(member, take, reading);
	if (why == NULL && reading->content == UNDECIDED && reading->held_length > 0)
		pass_held(reading);
	if (reading->office != NULL)
		hidden = office_text_end(reading->office);
	if (why != NULL)
		tell_opaque(member->is_encrypted && !may_hold_files(member->name)
				    ? READER_OPAQUE_TEXT
				    : READER_OPAQUE_FILES,
			    why);
	if (hidden != NULL)
		tell_opaque(READER_OPAQUE_TEXT, hidden);
	if (document_is_mostly_text(&reading->bytes))
		tell_opaque(READER_OPAQUE_TEXT, "holds text with bytes in it that are none");
	if (reading->has_zip_end || (!package->is_office && is_named_container(member->name)))
		tell_opaque(READER_OPAQUE_FILES, "holds another archive or message");
	reader_release(reading);
}

/* --- the package --- */

static bool
is_office(const struct zip_members *zip)
{
	for (guint i = 0; i < zip->members->len; i++) {
		const char *name = g_array_index(zip->members, struct zip_member, i).name;

		if (strcmp(name, "[Content_Types].xml") == 0 ||
		    strcmp(name, "META-INF/manifest.xml") == 0)
			return true;
	}
	return false;
}

/* The strings come first, because cells refer to them. */
static void
read_members(struct package *package, bool strings)
{
	for (guint i = 0; i < package->zip.members->len; i++) {
		const struct zip_member *member =
			&g_array_index(package->zip.members, struct zip_member, i);

		if ((package->is_office && has_strings(member)) == strings)
			read_member(package, member);
	}
}

void
package_read(const char *document, size_t length, GString *answer)
{
	struct package package = {
		.strings = {g_string_new(NULL), g_array_new(FALSE, FALSE, sizeof(gsize)), NULL}};

	(void)answer;
	zip_members_read(&package.zip, document, length);
	package.is_office = is_office(&package.zip);
	if (package.zip.defect != NULL)
		tell_opaque(READER_OPAQUE_FILES, package.zip.defect);
	text_out(package.zip.comments->str, package.zip.comments->len);
	read_members(&package, true);
	package.strings.shown = g_new0(bool, package.strings.ends->len + 1);
	read_members(&package, false);
	office_strings_show_rest(&package.strings);
	text_out_flush();
	g_free(package.strings.shown);
	g_array_unref(package.strings.ends);
	g_string_free(package.strings.text, TRUE);
	zip_members_clear(&package.zip);
}
