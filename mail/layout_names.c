#include "mail/layout_names.h"

#include <stdbool.h>
#include <string.h>

#include "mail/encoded_words.h"

static const struct {
	const char *type, *ending;
} endings[] = {
	{"text/plain", ".txt"},
	{"text/html", ".html"},
	{"text/csv", ".csv"},
	{"text/calendar", ".ics"},
	{"application/ics", ".ics"},
	{"text/vcard", ".vcf"},
	{"text/x-vcard", ".vcf"},
	{"text/rtf", ".rtf"},
	{"text/xml", ".xml"},
	{"application/xml", ".xml"},
	{"application/json", ".json"},
	{"application/rtf", ".rtf"},
	{"application/pdf", ".pdf"},
	{"application/zip", ".zip"},
	{"application/x-zip-compressed", ".zip"},
	{"application/gzip", ".gz"},
	{"application/ms-tnef", ".dat"},
	{"application/pkcs7-mime", ".p7m"},
	{"application/pkcs7-signature", ".p7s"},
	{"application/pgp-signature", ".asc"},
	{"application/pgp-keys", ".asc"},
	{"application/msword", ".doc"},
	{"application/vnd.ms-excel", ".xls"},
	{"application/vnd.ms-powerpoint", ".ppt"},
	{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"},
	{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"},
	{"application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"},
	{"application/vnd.oasis.opendocument.text", ".odt"},
	{"application/vnd.oasis.opendocument.spreadsheet", ".ods"},
	{"message/rfc822", ".eml"},
	{"message/delivery-status", ".txt"},
	{"message/disposition-notification", ".txt"},
	{"image/png", ".png"},
	{"image/jpeg", ".jpg"},
	{"image/jpg", ".jpg"},
	{"image/gif", ".gif"},
	{"image/webp", ".webp"},
	{"image/heic", ".heic"},
	{"image/tiff", ".tif"},
	{"image/bmp", ".bmp"},
	{"image/svg+xml", ".svg"},
	{"audio/mpeg", ".mp3"},
	{"audio/mp4", ".m4a"},
	{"audio/wav", ".wav"},
	{"audio/x-wav", ".wav"},
	{"audio/ogg", ".ogg"},
	{"video/mp4", ".mp4"},
	{"video/quicktime", ".mov"},
};

/* Others by which a file is opened, beside those of the table. */
static const char *const further_endings[] = {
	".jpeg", ".jpe", ".htm",  ".tiff", ".heif", ".avif", ".mpg", ".mpeg", ".mkv",  ".avi",
	".m4v",	 ".aac", ".flac", ".wma",  ".wmv",  ".docm", ".dot", ".dotx", ".dotm", ".xlsm",
	".xlsb", ".xlt", ".xltx", ".pptm", ".pps",  ".ppsx", ".odp", ".odg",  ".ott",  ".pages",
	".epub", ".dwg", ".dxf",  ".tar",  ".tgz",  ".7z",   ".rar", ".p7c",  ".p12",  ".pfx",
	".cer",	 ".crt", ".pem",  ".sig",  ".gpg",  ".pgp",  ".key", ".msg",  ".mbox", ".numbers",
	".log",	 ".md",	 ".ini",  ".conf", ".ps",   ".eps",  ".ai",  ".psd",  ".vcs",  ".ifb",
	".jar",	 ".kmz", ".gpx",  ".p7b",  ".bin",  ".exe",  ".key", NULL};

/* "" for an unknown type. */
static const char *
ending(const char *type)
{
	for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
		if (strcmp(endings[i].type, type) == 0)
			return endings[i].ending;
	return "";
}

static bool
is_known(const char *last)
{
	g_autofree char *lower = g_ascii_strdown(last, -1);

	for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
		if (strcmp(endings[i].ending, lower) == 0)
			return true;
	return g_strv_contains(further_endings, lower);
}

/* Types that say little of what is in the file, so that any ending may be the right one. */
static bool
is_vague(const char *type)
{
	static const char *const vague[] = {"text/plain",
					    "text/xml",
					    "application/xml",
					    "application/zip",
					    "application/gzip",
					    "application/json",
					    "application/x-zip-compressed",
					    NULL};

	return g_strv_contains(vague, type);
}

/* A phone does not know what to open a file with if its name has no ending that it knows:
 * "Contract 3.2" is a PDF file only by its type. */
static const char *
missing_ending(const char *name, const char *type)
{
	const char *last = strrchr(name, '.');

	return last != NULL && last[1] != '\0' && (is_vague(type) || is_known(last)) ? ""
										     : ending(type);
}

static bool
is_calendar(const char *type)
{
	return strcmp(ending(type), ".ics") == 0;
}

/* The name is shown, and offered as a file name: without folders, invisible characters, or
 * characters that change the direction of text. */
/* Many programs write encoded words where RFC 2047 has none. */
static char *
as_meant(const char *name)
{
	return name != NULL && strstr(name, "=?") != NULL ? encoded_words_decode(name)
							  : g_strdup(name == NULL ? "" : name);
}

char *
layout_name(const char *name, const char *type, guint number)
{
	g_autofree char *meant = as_meant(name);
	g_autofree char *valid = g_utf8_make_valid(meant, -1);
	const char *base = MAX(strrchr(valid, '/'), strrchr(valid, '\\'));
	g_autoptr(GString) clean = g_string_new(NULL);

	for (const char *c = base == NULL ? valid : base + 1; *c != '\0'; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);
		GUnicodeType kind = g_unichar_type(character);

		if (kind == G_UNICODE_CONTROL || kind == G_UNICODE_FORMAT ||
		    kind == G_UNICODE_LINE_SEPARATOR || kind == G_UNICODE_PARAGRAPH_SEPARATOR ||
		    strchr("\"<>|:*?", (int)MIN(character, 0x7f)) != NULL)
			g_string_append_c(clean, '_');
		else
			g_string_append_unichar(clean, character);
	}
	g_strstrip(clean->str);
	if (*clean->str == '\0' || strspn(clean->str, ".") == strlen(clean->str))
		return is_calendar(type)
			       ? g_strdup("invite.ics")
			       : g_strdup_printf("attachment-%u%s", number + 1, ending(type));
	return g_strconcat(clean->str, missing_ending(clean->str, type), NULL);
}
