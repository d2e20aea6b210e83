#include "mail/charset.h"

#include <gmime/gmime.h>
#include <string.h>

enum { NAME_MAX_BYTES = 40, DECLARATION_BYTES = 1024 }; /* HTML standard 13.2.3.2 */

static const char *
byte_order_mark(const char *text, size_t length)
{
	static const struct {
		const char *bytes, *charset;
	} marks[] = {{"\xef\xbb\xbf", "UTF-8"}, {"\xff\xfe", "UTF-16LE"}, {"\xfe\xff", "UTF-16BE"}};

	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
		if (length >= strlen(marks[i].bytes) &&
		    memcmp(text, marks[i].bytes, strlen(marks[i].bytes)) == 0)
			return marks[i].charset;
	return NULL;
}

/* Common in mail, and unknown to iconv(3) and GMime (WHATWG Encoding 4.2). */
static const char *
usual_name(const char *lower)
{
	static const struct {
		const char *alias, *name;
	} names[] = {
		{"iso-8859-8-i", "iso-8859-8"},
		{"iso-8859-8-e", "iso-8859-8"},
		{"iso-8859-6-i", "iso-8859-6"},
		{"iso-8859-6-e", "iso-8859-6"},
		{"x-sjis", "cp932"},
		{"x-gbk", "gbk"},
		{"x-euc-jp", "euc-jp"},
		{"x-euc-kr", "euc-kr"},
		{"ks_c_5601-1987", "cp949"},
		{"windows-949", "cp949"},
		{"x-windows-949", "cp949"},
		{"x-mac-roman", "macintosh"},
		{"unicode-1-1-utf-8", "utf-8"},
		{"cp-850", "cp850"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(lower, names[i].alias) == 0)
			return names[i].name;
	return g_mime_charset_iconv_name(lower);
}

static bool
is_known(const char *charset)
{
	GIConv converter = g_iconv_open("UTF-8", charset);

	if (converter == (GIConv)-1)
		return false;
	g_iconv_close(converter);
	return true;
}

static bool
says_nothing(const char *lower)
{
	static const char *const ascii[] = {"us-ascii",	    "ascii", "ansi_x3.4-1968",
					    "7bit",	    "8bit",  "binary",
					    "unknown-8bit", "",	     NULL};

	return g_strv_contains(ascii, lower);
}

/* Names that say nothing, and names that mean a different character set from the one they name. */
static const char *
as_meant(const char *charset)
{
	static const char *const latin[] = {"iso-8859-1", "iso8859-1", "iso_8859-1", "latin1",
					    "l1",	  "ansi",      NULL};
	g_autofree char *lower = charset == NULL ? NULL : g_ascii_strdown(charset, -1);
	const char *name;

	if (lower == NULL || says_nothing(g_strstrip(lower)) || strlen(lower) > NAME_MAX_BYTES ||
	    strchr(lower, '/') != NULL) /* iconv(3) takes options after a slash */
		return NULL;
	if (g_strv_contains(latin, lower))
		return "WINDOWS-1252";
	name = usual_name(lower);
	return is_known(name) ? g_intern_string(name) : NULL;
}

/* "<meta charset=utf-8>", or the same in a Content-Type. A page that can be read this far cannot be
 * in a character set without ASCII, even if it says so. */
static const char *
said_in_page(const char *text, size_t length)
{
	g_autofree char *beginning = g_strndup(text, MIN(length, DECLARATION_BYTES));
	const char *at = strcasestr(beginning, "<meta"), *name;
	g_autofree char *value = NULL;

	at = at == NULL ? NULL : strcasestr(at, "charset");
	if (at == NULL)
		return NULL;
	at += strlen("charset");
	at += strspn(at, " \t\r\n=\"'");
	value = g_strndup(at, strcspn(at, " \t\r\n\"';/>"));
	name = as_meant(value);
	return name == NULL || g_ascii_strncasecmp(name, "utf-16", 6) == 0 ? NULL : name;
}

/* The last character may be cut off. */
static bool
is_utf8(const char *text, size_t length)
{
	const char *end;

	return g_utf8_validate_len(text, length, &end) ||
	       (length == CHARSET_BEGINNING && (size_t)(end - text) + 4 > length);
}

const char *
charset_find(const char *declared, bool is_html, const char *beginning, size_t length)
{
	const char *found = byte_order_mark(beginning, length), *said = as_meant(declared);

	/* The UTF-32 byte order mark begins with the UTF-16 one. */
	if (said != NULL && g_ascii_strncasecmp(said, "utf-32", 6) == 0)
		return said;
	if (found == NULL)
		found = said;
	if (found == NULL && is_html)
		found = said_in_page(beginning, length);
	if (found == NULL)
		found = is_utf8(beginning, length) ? "UTF-8" : "WINDOWS-1252";
	return found;
}

bool
charset_has_ascii(const char *charset)
{
	static const char text[] = "Subject: \r\n";
	gsize length;
	g_autofree char *converted =
		g_convert(text, sizeof text - 1, charset, "UTF-8", NULL, &length, NULL);

	return converted != NULL && length == sizeof text - 1 &&
	       memcmp(converted, text, length) == 0;
}

bool
charset_is_without_ascii(const char *declared)
{
	const char *charset = as_meant(declared);

	return charset != NULL && !charset_has_ascii(charset);
}

bool
charset_is_unknown(const char *declared)
{
	g_autofree char *lower = declared == NULL ? NULL : g_ascii_strdown(declared, -1);

	return lower != NULL && !says_nothing(g_strstrip(lower)) && as_meant(lower) == NULL;
}
