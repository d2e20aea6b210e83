#include "mail/charset.h"

#include <gmime/gmime.h>
#include <string.h>
#include <uchardet/uchardet.h>

#include "mail/charset_names.h"

enum {
	DECLARATION_BYTES = 1024, /* HTML standard 13.2.3.2 */
	GUESS_MIN = 5,	       /* bytes that are not ASCII; with fewer, most guesses were wrong */
	UTF16_TEXT_PAIRS = 20, /* of text in UTF-16, one of so many has a zero; */
	UTF16_ANY_PAIRS = 2,   /* of a file that may be no text, at least every second one */
	UTF16_OTHER_MIN = 8,   /* bytes: so much UTF-8 is no UTF-16 */
	UTF8_SURELY = 4,       /* so many characters for each damaged byte */
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

static bool
says_nothing(const char *lower)
{
	static const char *const ascii[] = {"us-ascii",	    "ascii", "ansi_x3.4-1968",
					    "7bit",	    "8bit",  "binary",
					    "unknown-8bit", "",	     NULL};

	return g_strv_contains(ascii, lower);
}

/* NULL: the name says nothing, or nobody knows it. */
static const char *
as_meant(const char *charset)
{
	g_autofree char *lower = charset == NULL ? NULL : g_ascii_strdown(charset, -1);

	return lower == NULL || says_nothing(g_strstrip(lower)) ? NULL : charset_of_mail(lower);
}

static bool
is_utf16(const char *charset)
{
	return g_ascii_strncasecmp(charset, "utf-16", 6) == 0;
}

/* Do all programs know this character set, and read ASCII in it as it is? Of those that browsers
 * know, only UTF-16 is written otherwise. */
static bool
is_common(const char *charset)
{
	return charset_of_web(charset) != NULL && !is_utf16(charset);
}

/* The name that stands after `word` and an equals sign at the first place from *at on, as browsers
 * know it; *at moves behind it, or becomes NULL if there is no such place. A page that can be read
 * this far cannot be in a character set without ASCII, even if it says so. */
static const char *
next_said(const char **at, const char *word)
{
	const char *found = strcasestr(*at, word), *name;
	g_autofree char *value = NULL;

	*at = found == NULL ? NULL : found + strlen(word);
	if (found == NULL)
		return NULL;
	*at += strspn(*at, " \t\r\n=\"'");
	value = g_strndup(*at, strcspn(*at, " \t\r\n\"';/>"));
	name = charset_of_web(value);
	return name == NULL || is_utf16(name) ? NULL : name;
}

/* "<meta charset=utf-8>", or the same in a Content-Type. */
static const char *
said_in_page(const char *text, size_t length)
{
	g_autofree char *beginning = g_strndup(text, MIN(length, DECLARATION_BYTES));
	const char *at = strcasestr(beginning, "<meta");

	return at == NULL ? NULL : next_said(&at, "charset");
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

/* How much of what is not ASCII is UTF-8, and how much is not: characters, bytes. */
static void
count_utf8(const char *text, size_t length, size_t *good_r, size_t *bad_r)
{
	const char *end = text + length;

	*good_r = *bad_r = 0;
	while (text < end) {
		const gunichar c = (unsigned char)*text < 0x80
					   ? 0
					   : g_utf8_get_char_validated(text, end - text);

		*good_r += c > 0x7f && c < (gunichar)-2;
		*bad_r += c >= (gunichar)-2;
		text = c >= (gunichar)-2 || c == 0 ? text + 1 : g_utf8_next_char(text);
	}
}

/* A text that was cut in two has a damaged character. */
static bool
is_mostly_utf8(const char *text, size_t length)
{
	size_t good, bad;

	count_utf8(text, length, &good, &bad);
	return good >= bad;
}

/* Of a text of which nothing says that it is UTF-8. */
static bool
is_surely_utf8(const char *text, size_t length)
{
	size_t good, bad;

	count_utf8(text, length, &good, &bad);
	return good > bad * UTF8_SURELY;
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

	if (is_surely_utf8(text, length))
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

/* Of programs that disregard what is declared, or do not know it. */
static const char *
plain_charset(size_t good, size_t bad)
{
	return good >= bad ? "UTF-8" : "WINDOWS-1252";
}

const char *
charset_without_guess(const char *declared, const char *text, size_t length)
{
	const char *said = as_meant(declared);
	size_t good, bad;

	if (said != NULL)
		return said;
	count_utf8(text, length, &good, &bad);
	return plain_charset(good, bad);
}

/* --- all that it may be --- */

struct readings {
	const char **charsets;
	size_t count;
};

static void
add(struct readings *readings, const char *charset)
{
	for (size_t i = 0; i < readings->count; i++)
		if (g_ascii_strcasecmp(readings->charsets[i], charset) == 0)
			return;
	if (readings->count < CHARSET_READINGS_MAX)
		readings->charsets[readings->count++] = charset;
}

/* Without a mark, RFC 2781 reads UTF-16 with the higher byte first, and so do Java and macOS;
 * browsers and others, the lower one. iconv(3) reads it as this machine stores it. */
static void
add_orders(struct readings *readings, const char *declared, const char *said)
{
	const size_t length = strlen(declared);
	const char *end = length < 2 ? "" : declared + length - 2;

	if (g_ascii_strcasecmp(end, "le") == 0 || g_ascii_strcasecmp(end, "be") == 0)
		return;
	if (is_utf16(said)) {
		add(readings, "UTF-16LE");
		add(readings, "UTF-16BE");
	} else if (g_ascii_strncasecmp(said, "utf-32", 6) == 0) {
		add(readings, "UTF-32LE");
		add(readings, "UTF-32BE");
	}
}

/* What the page says anywhere, also in comments and attributes that some programs heed. */
static void
add_said(struct readings *readings, const char *text, size_t length)
{
	static const char *const words[] = {"charset", "encoding"};
	g_autofree char *beginning = g_strndup(text, length);

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		for (const char *at = beginning; at != NULL;) {
			const char *name = next_said(&at, words[i]);

			if (name != NULL)
				add(readings, name);
		}
}

static bool
has_common(const struct readings *readings)
{
	for (size_t i = 0; i < readings->count; i++)
		if (is_common(readings->charsets[i]))
			return true;
	return false;
}

size_t
charset_readings(const struct charset_text *text, const char *charsets_r[CHARSET_READINGS_MAX])
{
	struct readings readings = {.charsets = charsets_r};
	const char *beginning = text->beginning, *said = as_meant(text->declared), *mark;
	const size_t length = text->length;
	size_t good, bad;

	add(&readings, charset_find(text->declared, text->is_html, beginning, length));
	if (said != NULL)
		add(&readings, said);
	mark = byte_order_mark(beginning, length);
	if (mark != NULL)
		add(&readings, mark);
	else if (said != NULL)
		add_orders(&readings, text->declared, said);
	if (memmem(beginning, length, "\033(", 2) != NULL ||
	    memmem(beginning, length, "\033$", 2) != NULL)
		add(&readings, "ISO-2022-JP");
	count_utf8(beginning, length, &good, &bad);
	/* UTF-16, under its own name, all programs know; and in its bytes zeros of other characters
	 * would be digits. */
	if (said == NULL || !(has_common(&readings) || is_utf16(text->declared)))
		add(&readings, plain_charset(good, bad));
	if (good > 0 && bad > 0)
		add(&readings, "UTF-8");
	/* What comes later may be no UTF-8, though the beginning is. */
	if (said == NULL && length == CHARSET_BEGINNING)
		add(&readings, "WINDOWS-1252");
	if (text->is_page)
		add_said(&readings, beginning, length);
	return readings.count;
}

bool
charset_is_plain(const char *declared, const char *text, size_t length)
{
	const char *said = as_meant(declared);

	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] >= 0x80 ||
		    (g_ascii_iscntrl(text[i]) && !g_ascii_isspace(text[i])))
			return false;
	return said == NULL || is_common(said);
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
