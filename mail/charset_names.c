#include "mail/charset_names.h"

#include <glib.h>
#include <string.h>

enum { LABEL_BYTES = 40 };

/* What iconv(3) calls it, and the labels that mean it, in lower case and between blanks. */
struct charset {
	const char *name, *labels;
};

/* What browsers know, with the labels of WHATWG Encoding 4.2; some of these name another character
 * set than it seems. */
static const struct charset of_web[] = {
	{"BIG5-HKSCS", " big5 big5-hkscs cp950 cn-big5 csbig5 x-x-big5 "},
	{"CP932", " cp932 csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j "
		  " x-sjis "},
	{"CP949",
	 " cp949 x-windows-949 cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 "
	 " ks_c_5601-1989 ksc5601 ksc_5601 uhc windows-949 "},
	{"EUC-JP-MS", " cseucpkdfmtjapanese euc-jp euc-jp-ms eucjp x-euc-jp "},
	{"GB18030", " cp936 chinese csgb2312 csiso58gb231280 gb18030 gb2312 gb_2312 gb_2312-80 "
		    " gbk iso-ir-58 x-gbk "},
	{"IBM866", " 866 cp866 csibm866 ibm866 "},
	{"ISO-2022-JP", " csiso2022jp iso-2022-jp "},
	{"ISO-8859-10", " csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6 "},
	{"ISO-8859-13", " iso-8859-13 iso8859-13 iso885913 "},
	{"ISO-8859-14", " iso-8859-14 iso8859-14 iso885914 "},
	{"ISO-8859-15", " csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9 "},
	{"ISO-8859-16", " iso-8859-16 "},
	{"ISO-8859-2", " csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 "
		       " iso_8859-2:1987 l2 latin2 "},
	{"ISO-8859-3", " csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 "
		       " iso_8859-3:1988 l3 latin3 "},
	{"ISO-8859-4", " csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 "
		       " iso_8859-4:1988 l4 latin4 "},
	{"ISO-8859-5", " csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 "
		       " iso88595 iso_8859-5 iso_8859-5:1988 "},
	{"ISO-8859-6", " arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 "
		       " iso-8859-6 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 "
		       " iso_8859-6 iso_8859-6:1987 "},
	{"ISO-8859-7", " csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 "
		       " iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 "
		       " sun_eu_greek "},
	{"ISO-8859-8", " csiso88598e csiso88598i csisolatinhebrew hebrew iso-8859-8 "
		       " iso-8859-8-e iso-8859-8-i iso-ir-138 iso8859-8 iso88598 iso_8859-8 "
		       " iso_8859-8:1988 logical visual "},
	{"KOI8-R", " cskoi8r koi koi8 koi8-r koi8_r "},
	{"KOI8-U", " koi8-ru koi8-u "},
	{"MAC-CYRILLIC", " mac-cyrillic x-mac-cyrillic x-mac-ukrainian "},
	{"MACINTOSH", " csmacintosh mac macintosh x-mac-roman "},
	{"UTF-16BE", " utf-16be "},
	{"UTF-16LE", " csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16le "},
	{"UTF-8", " unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 "
		  " x-unicode20utf8 "},
	{"WINDOWS-1250", " cp1250 windows-1250 x-cp1250 "},
	{"WINDOWS-1251", " cp1251 windows-1251 x-cp1251 "},
	{"WINDOWS-1252", " ansi ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 "
			 " iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 "
			 " l1 latin1 us-ascii windows-1252 x-cp1252 x-user-defined "},
	{"WINDOWS-1253", " cp1253 windows-1253 x-cp1253 "},
	{"WINDOWS-1254", " cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 "
			 " iso_8859-9 iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254 "},
	{"WINDOWS-1255", " cp1255 windows-1255 x-cp1255 "},
	{"WINDOWS-1256", " cp1256 windows-1256 x-cp1256 "},
	{"WINDOWS-1257", " cp1257 windows-1257 x-cp1257 "},
	{"WINDOWS-1258", " cp1258 windows-1258 x-cp1258 "},
	{"WINDOWS-874", " dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874 "},
};

/* What is found in mail besides. */
static const struct charset of_mail[] = {
	{"UTF-16", " utf-16 "},
	{"UTF-7", " utf-7 "},
	{"UTF-32", " utf-32 "},
	{"UTF-32LE", " utf-32le "},
	{"UTF-32BE", " utf-32be "},
	{"ISO-2022-KR", " csiso2022kr iso-2022-kr "},
	{"ISO-2022-JP-2", " csiso2022jp2 iso-2022-jp-2 "},
	{"ISO-2022-JP-3", " iso-2022-jp-3 "},
	{"ISO-2022-CN", " csiso2022cn iso-2022-cn "},
	{"ISO-2022-CN-EXT", " iso-2022-cn-ext "},
	{"EUC-TW", " cseuctw euc-tw "},
	{"JOHAB", " johab "},
	{"IBM437", " 437 cp437 ibm437 "},
	{"IBM850", " 850 cp-850 cp850 ibm850 "},
	{"IBM852", " 852 cp852 ibm852 "},
	{"IBM855", " cp855 ibm855 "},
	{"CP858", " cp858 ibm00858 ibm858 "},
	{"IBM857", " cp857 ibm857 "},
	{"IBM862", " cp862 ibm862 "},
	{"IBM865", " cp865 ibm865 "},
	{"VISCII", " csviscii viscii "},
	{"MAC-CENTRALEUROPE", " mac-centraleurope "},
	{"ARMSCII-8", " armscii-8 "},
	{"KOI8-T", " koi8-t "},
};

static const char *
find(const struct charset *charsets, size_t count, const char *between_blanks)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(charsets[i].labels, between_blanks) != NULL)
			return charsets[i].name;
	return NULL;
}

/* NULL: it is no label at all. */
static char *
as_listed(const char *label)
{
	g_autofree char *lower = g_ascii_strdown(label, -1);

	g_strstrip(lower);
	return *lower == '\0' || strlen(lower) > LABEL_BYTES || strpbrk(lower, " \t\r\n") != NULL
		       ? NULL
		       : g_strconcat(" ", lower, " ", NULL);
}

const char *
charset_of_web(const char *label)
{
	g_autofree char *listed = as_listed(label);

	return listed == NULL ? NULL : find(of_web, G_N_ELEMENTS(of_web), listed);
}

const char *
charset_of_mail(const char *label)
{
	g_autofree char *listed = as_listed(label);
	const char *name = listed == NULL ? NULL : find(of_web, G_N_ELEMENTS(of_web), listed);

	return listed == NULL || name != NULL ? name : find(of_mail, G_N_ELEMENTS(of_mail), listed);
}
