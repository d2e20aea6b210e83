#include "mail/charset.h"

#include <gmime/gmime.h>
#include <string.h>
#include <uchardet/uchardet.h>

enum {
	NAME_MAX_BYTES = 40,
	DECLARATION_BYTES = 1024, /* HTML standard 13.2.3.2 */
	GUESS_MIN = 5,	       /* bytes that are not ASCII; with fewer, most guesses were wrong */
	UTF16_TEXT_PAIRS = 20, /* of text in UTF-16, one of so many has a zero; */
	UTF16_ANY_PAIRS = 2,   /* of a file that may be no text, at least every second one */
	UTF16_OTHER_MIN = 8,   /* bytes: so much UTF-8 is no UTF-16 */
};

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

/* --- what the bytes say --- */

static size_t
count_high(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += (unsigned char)text[i] >= 0x80;
	return count;
}

/* Are these characters in this character set? The last one may be cut off. */
static bool
fits(const char *charset, const char *text, size_t length)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *converted = NULL;
	gsize read = 0;

	converted = g_convert(text, (gssize)length, "UTF-8", charset, &read, NULL, &error);
	return converted != NULL || (length == CHARSET_BEGINNING && read + 8 > length);
}

/* Are they characters of a text, without control characters other than blanks? */
static bool
is_text_in(const char *charset, const char *text, size_t length)
{
	g_autofree char *converted = charset_decode(charset, text, length);

	for (const char *at = converted; *at != '\0'; at++)
		if (g_ascii_iscntrl(*at) && !g_ascii_isspace(*at))
			return false;
	return fits(charset, text, length);
}

/* Latin letters, digits and blanks have a zero as every second byte, always the same one. Of pairs
 * in other scripts, only blanks do: one of `pairs_max`, at least, must. */
static const char *
utf16_without_mark(const char *text, size_t length, size_t pairs_max)
{
	size_t zeros[2] = {0, 0};
	const char *charset;

	if (length < 2 || (length % 2 != 0 && length != CHARSET_BEGINNING))
		return NULL;
	for (size_t i = 0; i < length; i++)
		zeros[i % 2] += text[i] == '\0';
	if (MIN(zeros[0], zeros[1]) > 0 || MAX(zeros[0], zeros[1]) * pairs_max < length / 2)
		return NULL;
	charset = zeros[0] > 0 ? "UTF-16BE" : "UTF-16LE";
	return is_text_in(charset, text, length) ? charset : NULL;
}

bool
charset_is_utf16(const char *beginning, size_t length)
{
	return utf16_without_mark(beginning, length, UTF16_ANY_PAIRS) != NULL;
}

static bool
is_utf16(const char *charset)
{
	return g_ascii_strncasecmp(charset, "utf-16", 6) == 0;
}

/* Is most of what is not ASCII UTF-8? A text that was cut in two has a damaged character. */
static bool
is_mostly_utf8(const char *text, size_t length)
{
	const char *end = text + length;
	size_t good = 0, bad = 0;

	while (text < end) {
		const gunichar c = (unsigned char)*text < 0x80
					   ? 0
					   : g_utf8_get_char_validated(text, end - text);

		good += c > 0x7f && c < (gunichar)-2;
		bad += c >= (gunichar)-2;
		text = c >= (gunichar)-2 || c == 0 ? text + 1 : g_utf8_next_char(text);
	}
	return good >= bad;
}

/* In 7 bits, a text may still be in a character set with shifts, as is said. */
static bool
is_contradicted(const char *said, const char *text, size_t length)
{
	const bool has_zeros = memchr(text, 0, length) != NULL;

	if (g_ascii_strcasecmp(said, "utf-8") == 0)
		return !is_utf8(text, length) &&
		       (utf16_without_mark(text, length, UTF16_TEXT_PAIRS) != NULL ||
			!is_mostly_utf8(text, length));
	if (is_utf16(said))
		return !has_zeros && length >= UTF16_OTHER_MIN && is_utf8(text, length);
	if (has_zeros && utf16_without_mark(text, length, UTF16_TEXT_PAIRS) != NULL &&
	    charset_has_ascii(said))
		return true;
	return count_high(text, length) > 0 && !fits(said, text, length);
}

/* --- guesses --- */

/* The same letters, and more of them, where ISO has control characters. */
static const char *
with_more_letters(const char *charset)
{
	static const struct {
		const char *iso, *windows;
	} siblings[] = {{"ISO-8859-2", "WINDOWS-1250"}, {"ISO-8859-4", "WINDOWS-1257"},
			{"ISO-8859-6", "WINDOWS-1256"}, {"ISO-8859-7", "WINDOWS-1253"},
			{"ISO-8859-8", "WINDOWS-1255"}, {"ISO-8859-9", "WINDOWS-1254"},
			{"ISO-8859-13", "WINDOWS-1257"}};

	for (size_t i = 0; i < G_N_ELEMENTS(siblings); i++)
		if (g_ascii_strcasecmp(charset, siblings[i].iso) == 0)
			return siblings[i].windows;
	return NULL;
}

static bool
has_controls(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] >= 0x80 && (unsigned char)text[i] < 0xa0)
			return true;
	return false;
}

/* Of guesses that differ in a few letters, the one that more people write. */
static const char *
refined(const char *guess, const char *text, size_t length)
{
	const char *windows = with_more_letters(guess);

	if (g_ascii_strcasecmp(guess, "KOI8-R") == 0)
		return "KOI8-U";
	return windows != NULL && has_controls(text, length) ? windows : guess;
}

static const char *
guess(const char *text, size_t length)
{
	uchardet_t detector;
	const char *found = NULL;

	if (count_high(text, length) < GUESS_MIN)
		return NULL;
	detector = uchardet_new();
	if (uchardet_handle_data(detector, text, length) == 0) {
		uchardet_data_end(detector);
		found = as_meant(refined(uchardet_get_charset(detector), text, length));
	}
	uchardet_delete(detector);
	return found != NULL && fits(found, text, length) ? found : NULL;
}

/* What Japanese mail is in: it shifts by escape sequences (RFC 1468). */
static bool
is_iso_2022_jp(const char *text, size_t length)
{
	return (memmem(text, length, "\033$B", 3) != NULL ||
		memmem(text, length, "\033$@", 3) != NULL) &&
	       fits("ISO-2022-JP", text, length);
}

/* NULL: nothing tells. */
static const char *
found_in(bool is_html, const char *text, size_t length)
{
	const bool is_valid = is_utf8(text, length);
	const char *found = NULL;

	if (is_valid && count_high(text, length) > 0)
		return "UTF-8";
	found = utf16_without_mark(text, length, UTF16_TEXT_PAIRS);
	if (found == NULL && is_html) {
		found = said_in_page(text, length);
		if (found != NULL && is_contradicted(found, text, length))
			found = NULL;
	}
	if (found == NULL && is_valid)
		found = is_iso_2022_jp(text, length) ? "ISO-2022-JP" : "UTF-8";
	return found == NULL ? guess(text, length) : found;
}

/* NULL: neither decides. The UTF-32 byte order mark begins with the UTF-16 one. */
static const char *
marked_or_utf32(const char *said, const char *text, size_t length)
{
	if (said != NULL && g_ascii_strncasecmp(said, "utf-32", 6) == 0)
		return said;
	return byte_order_mark(text, length);
}

const char *
charset_find(const char *declared, bool is_html, const char *beginning, size_t length)
{
	const char *said = as_meant(declared), *found = marked_or_utf32(said, beginning, length);

	if (found == NULL && said != NULL && !is_contradicted(said, beginning, length))
		found = said;
	if (found == NULL)
		found = found_in(is_html, beginning, length);
	if (found == NULL)
		found = said != NULL && g_ascii_strcasecmp(said, "utf-8") != 0 ? said
									       : "WINDOWS-1252";
	return found;
}

const char *
charset_without_guess(const char *declared, bool is_html, const char *beginning, size_t length)
{
	const char *said = as_meant(declared), *found = marked_or_utf32(said, beginning, length);

	if (found == NULL)
		found = said;
	if (found == NULL && is_html)
		found = said_in_page(beginning, length);
	if (found == NULL)
		found = is_utf8(beginning, length) ? "UTF-8" : "WINDOWS-1252";
	return found;
}

/* --- conversion --- */

/* What is no character does not hide the rest, as it would with iconv(3). */
char *
charset_decode(const char *charset, const char *bytes, size_t length)
{
	GMimeFilter *filter = g_ascii_strcasecmp(charset, "UTF-8") == 0
				      ? NULL
				      : g_mime_filter_charset_new(charset, "UTF-8");
	g_autoptr(GString) kept = NULL;
	char *text = (char *)bytes;
	size_t prespace;

	if (filter != NULL)
		g_mime_filter_complete(filter, text, length, 0, &text, &length, &prespace);
	kept = g_string_sized_new(length);
	for (size_t i = 0; i < length; i++)
		if (text[i] != '\0')
			g_string_append_c(kept, text[i]);
	g_clear_object(&filter);
	return g_utf8_make_valid(kept->str, (gssize)kept->len);
}

char *
charset_decode_field(const char *value)
{
	const size_t length = strlen(value);

	return count_high(value, length) == 0
		       ? NULL
		       : charset_decode(charset_find(NULL, false, value, length), value, length);
}

/* --- names --- */

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
