#include "mail/document_kind.h"

#include <string.h>

enum {
	SNIFF_BYTES = 1445, /* WHATWG MIME Sniffing 7 */
	END_BYTES = 22,	    /* APPNOTE.TXT 4.3.16 */
	PDF_WITHIN = 1024,
	BINARY_FEW = 16, /* up to one byte of so many */
};

static const struct {
	const char *bytes;
	size_t length;
	enum document_kind kind;
} beginnings[] = {
	{"\x78\x9f\x3e\x22", 4, DOCUMENT_TNEF},
	{"{\\rt", 4, DOCUMENT_RTF}, /* as Word recognises it */
	{"PK\3\4", 4, DOCUMENT_ZIP},
	{"PK\5\6", 4, DOCUMENT_ZIP},
	{"PK\7\10PK", 6, DOCUMENT_ZIP}, /* APPNOTE.TXT 8.5.3 */
	{"PK00PK", 6, DOCUMENT_ZIP},	/* 8.5.4 */
};

unsigned
document_kinds_by_beginning(const char *bytes, size_t length)
{
	unsigned kinds = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(beginnings); i++)
		if (length >= beginnings[i].length &&
		    memcmp(bytes, beginnings[i].bytes, beginnings[i].length) == 0)
			kinds |= beginnings[i].kind;
	/* Adobe's programs accept other bytes before it (ISO 32000-1, annex H.3, note 13). */
	if (memmem(bytes, MIN(length, (size_t)PDF_WITHIN), "%PDF-", 5) != NULL)
		kinds |= DOCUMENT_PDF;
	return kinds;
}

bool
document_is_old_office(const char *beginning, size_t length)
{
	static const char mark[] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

	return length >= sizeof mark - 1 && memcmp(beginning, mark, sizeof mark - 1) == 0;
}

/* Sources: the formats' own descriptions (SQLite's "Database File Format", parquet-format),
 * otherwise the database of file(1). */
static const struct {
	size_t at;
	const char *bytes;
	size_t length;
	const char *what;
} unread[] = {
	{0, "SQLite format 3", 16, "is a database (SQLite)"},
	{4, "Standard Jet DB", 16, "is a database (Access)"},
	{4, "Standard ACE DB", 16, "is a database (Access)"},
	{0, "PAR1", 4, "is a database (Parquet)"},
	{0, "\xffWPC", 4, "is a document in a format that is not read (WordPerfect)"},
	{0, "HWP Document File", 17, "is a document in a format that is not read (HWP)"},
	{0, "AT&TFORM", 8, "is a document in a format that is not read (DjVu)"},
	{0, "\0\0\2\0\6\4\6\0", 8, "is a document in a format that is not read (Lotus 1-2-3)"},
	{0, "\0\0\x1a\0", 4, "is a document in a format that is not read (Lotus 1-2-3)"},
	{0, "\x31\xbe\0\0\0\xab", 6, "is a document in a format that is not read (Write)"},
	{0, "\xdb\xa5\x2d\0", 4, "is a document in an older format of Office"}, /* Word 2 */
	{0, "\x09\0\4\0", 4, "is a document in an older format of Office"},	/* Excel 2 to 4 */
	{0, "\x09\2\6\0", 4, "is a document in an older format of Office"},
	{0, "\x09\4\6\0", 4, "is a document in an older format of Office"},
	{0, "bplist0", 7, "is a binary property list, such as a web archive of Safari"},
};

const char *
document_unread(const char *beginning, size_t length)
{
	if (document_is_old_office(beginning, length))
		return "is a document in an older format of Office";
	for (size_t i = 0; i < G_N_ELEMENTS(unread); i++)
		if (length >= unread[i].at + unread[i].length &&
		    memcmp(beginning + unread[i].at, unread[i].bytes, unread[i].length) == 0)
			return unread[i].what;
	return NULL;
}

static unsigned
number(const char *at)
{
	return (unsigned)(unsigned char)at[0] | (unsigned)(unsigned char)at[1] << 8;
}

unsigned
document_kinds_by_end(const char *bytes, size_t length)
{
	const char *end = bytes + length, *at = bytes;

	while ((at = memmem(at, (size_t)(end - at), "PK\5\6", 4)) != NULL) {
		if (end - at >= END_BYTES && number(at + 20) <= (size_t)(end - at) - END_BYTES)
			return DOCUMENT_ZIP;
		at++;
	}
	return 0;
}

/* WHATWG MIME Sniffing 3 */
static bool
is_binary(unsigned char c)
{
	return c <= 0x08 || c == 0x0b || (c >= 0x0e && c <= 0x1a) || (c >= 0x1c && c <= 0x1f);
}

static size_t
count_binary(const char *bytes, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += is_binary((unsigned char)bytes[i]);
	return count;
}

static bool
has_utf16_mark(const char *bytes, size_t length)
{
	return length >= 2 &&
	       (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0);
}

bool
document_is_text(const char *beginning, size_t length)
{
	return has_utf16_mark(beginning, length) ||
	       (length > 0 && count_binary(beginning, MIN(length, SNIFF_BYTES)) == 0);
}

/* Of what is compressed, every tenth byte is binary, and more of most programs and pictures. */
static bool
has_few_binary(const char *bytes, size_t length)
{
	return length > 0 && count_binary(bytes, length) <= MAX(length / BINARY_FEW, 1);
}

/* In UTF-16, every second byte of most letters is zero, wherever a byte before them puts it. */
static bool
is_like_utf16(const char *bytes, size_t length)
{
	const size_t binary = count_binary(bytes, length);
	size_t zeros[2] = {0, 0};

	for (size_t i = 0; i < length; i++)
		zeros[i % 2] += bytes[i] == '\0';
	return MAX(zeros[0], zeros[1]) > length / 8 * 3 &&
	       binary - MAX(zeros[0], zeros[1]) <= MAX(length / 2 / BINARY_FEW, 1);
}

bool
document_is_like_text(const char *beginning, size_t length)
{
	length = MIN(length, (size_t)DOCUMENT_LIKE_TEXT);
	return has_utf16_mark(beginning, length) ||
	       has_few_binary(beginning, MIN(length, SNIFF_BYTES)) ||
	       has_few_binary(beginning, length) || is_like_utf16(beginning, length);
}

void
document_count(struct document_bytes *bytes, const char *piece, size_t length)
{
	for (size_t i = 0; i < length; i++)
		bytes->shown += (piece[i] >= ' ' && piece[i] <= '~') ||
				(piece[i] >= '\t' && piece[i] <= '\r');
	bytes->all += length;
}

bool
document_is_mostly_text(const struct document_bytes *bytes)
{
	return bytes->all > 0 && bytes->shown * 4 >= bytes->all * 3;
}
