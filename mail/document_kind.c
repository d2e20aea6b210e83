#include "mail/document_kind.h"

#include <string.h>

enum {
	SNIFF_BYTES = 1445, /* WHATWG MIME Sniffing 7 */
	END_BYTES = 22,	    /* APPNOTE.TXT 4.3.16 */
	PDF_WITHIN = 1024,
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

bool
document_is_text(const char *beginning, size_t length)
{
	if (length >= 2 &&
	    (memcmp(beginning, "\xff\xfe", 2) == 0 || memcmp(beginning, "\xfe\xff", 2) == 0))
		return true;
	for (size_t i = 0; i < MIN(length, SNIFF_BYTES); i++) {
		unsigned char c = (unsigned char)beginning[i];

		if (c <= 0x08 || c == 0x0b || (c >= 0x0e && c <= 0x1a) || (c >= 0x1c && c <= 0x1f))
			return false;
	}
	return length > 0;
}
