#include "mail/document/rtf_text.h"

#include <stdlib.h>
#include <string.h>

#include "core/reader/serve.h"
#include "mail/document/charset_table.h"
#include "mail/document/text_out.h"

enum {
	DEPTH_MAX = 512,   /* of groups */
	LINES_MAX = 16,	   /* destinations with text within each other */
	WORD_MAX = 32,	   /* letters of a control word (the specification's limit) */
	FONTS_MAX = 32768, /* as numbers have 16 bits with a sign */
	DEFAULT_PAGE = 1252,
};

/* What a group has from the one around it, unless it says otherwise. */
struct group {
	bool is_skipped, is_hidden, is_deleted;
	bool has_line; /* it is a destination with text of its own */
	bool is_star;  /* its destination may be unknown: "\*" */
	bool is_fonts; /* the table of fonts */
	unsigned font;
	unsigned replacements; /* characters for programs without Unicode, behind each \u */
};

struct rtf {
	const char *at, *end;
	struct group groups[DEPTH_MAX];
	unsigned depth;
	struct text_line lines[LINES_MAX];
	unsigned lines_count;
	unsigned code_page;	   /* of the document */
	uint16_t pages[FONTS_MAX]; /* of each font; 0: that of the document */
	GString *bytes;		   /* not converted yet */
	unsigned bytes_page;
	bool bytes_are_hidden;
	unsigned to_skip; /* characters that replace one in Unicode */
	gunichar high;	  /* the first half of a surrogate pair, or 0 */
};

static struct group *
group_of(struct rtf *rtf)
{
	return &rtf->groups[rtf->depth - 1];
}

/* --- text --- */

static bool
is_hidden(struct rtf *rtf)
{
	return group_of(rtf)->is_hidden || group_of(rtf)->is_deleted;
}

static void
put(struct rtf *rtf, const char *text, size_t length, bool hidden)
{
	text_line_put(&rtf->lines[rtf->lines_count - 1], text, length, hidden);
}

/* A character of some sets has two bytes, each written by itself. */
static void
convert_bytes(struct rtf *rtf)
{
	g_autofree char *text = NULL;

	if (rtf->bytes->len == 0)
		return;
	text = charset_table_convert(rtf->bytes_page, rtf->bytes->str, rtf->bytes->len);
	if (text != NULL)
		put(rtf, text, strlen(text), rtf->bytes_are_hidden);
	g_string_truncate(rtf->bytes, 0);
}

static unsigned
page_of(struct rtf *rtf)
{
	const unsigned font = group_of(rtf)->font, page = font < FONTS_MAX ? rtf->pages[font] : 0;

	return page == 0 ? rtf->code_page : page;
}

static void
put_byte(struct rtf *rtf, char byte)
{
	const unsigned page = page_of(rtf);
	const bool hidden = is_hidden(rtf);

	if (group_of(rtf)->is_skipped)
		return;
	if (rtf->to_skip > 0) {
		rtf->to_skip--;
		return;
	}
	if (page != rtf->bytes_page || hidden != rtf->bytes_are_hidden)
		convert_bytes(rtf);
	rtf->bytes_page = page;
	rtf->bytes_are_hidden = hidden;
	g_string_append_c(rtf->bytes, byte);
}

static void
put_character(struct rtf *rtf, gunichar c)
{
	char bytes[6];

	if (group_of(rtf)->is_skipped)
		return;
	convert_bytes(rtf);
	put(rtf, bytes, (size_t)g_unichar_to_utf8(c, bytes), is_hidden(rtf));
}

static void
end_line(struct rtf *rtf)
{
	if (group_of(rtf)->is_skipped)
		return;
	convert_bytes(rtf);
	text_line_end(&rtf->lines[rtf->lines_count - 1], '\n');
}

/* --- groups --- */

static void
open_group(struct rtf *rtf)
{
	if (rtf->depth == DEPTH_MAX)
		reader_refuse(READER_TOO_DEEP);
	rtf->groups[rtf->depth] = rtf->groups[rtf->depth - 1];
	rtf->groups[rtf->depth].has_line = rtf->groups[rtf->depth].is_star = false;
	rtf->depth++;
	rtf->to_skip = 0;
}

static void
close_group(struct rtf *rtf)
{
	if (rtf->depth == 1)
		return;
	if (group_of(rtf)->has_line) {
		convert_bytes(rtf);
		text_line_end(&rtf->lines[--rtf->lines_count], '\n');
	}
	rtf->depth--;
	rtf->to_skip = 0;
}

/* What is written from here to the end of the group is on its own. */
static void
open_line(struct rtf *rtf)
{
	if (group_of(rtf)->has_line || group_of(rtf)->is_skipped || rtf->depth == 1)
		return;
	if (rtf->lines_count == LINES_MAX)
		reader_refuse(READER_TOO_DEEP);
	convert_bytes(rtf);
	text_line_begin(&rtf->lines[rtf->lines_count++]);
	group_of(rtf)->has_line = true;
}

/* --- control words --- */

enum effect {
	SKIPS,	   /* a destination without text */
	ASIDE,	   /* a destination with text of its own */
	OBJECT,	   /* a destination whose content is a file */
	CHARACTER, /* the value */
	LINE,	   /* ends one */
	PLAIN,
	HIDES,
	DELETES,
	FONT,
	FONTS,
	FONT_CHARSET,
	FONT_PAGE,
	PAGE,
	PAGE_IS, /* the value */
	REPLACEMENTS,
	UNICODE,
	BINARY,
};

static const struct word {
	const char *name;
	enum effect effect;
	unsigned value;
} words[] = {
	{"annotation", ASIDE, 0},
	{"ansi", PAGE_IS, 1252},
	{"ansicpg", PAGE, 0},
	{"author", ASIDE, 0},
	{"bin", BINARY, 0},
	{"blipuid", SKIPS, 0},
	{"bullet", CHARACTER, 0x2022},
	{"cell", CHARACTER, '\t'},
	{"colorschememapping", SKIPS, 0},
	{"colortbl", SKIPS, 0},
	{"cpg", FONT_PAGE, 0},
	{"datastore", SKIPS, 0},
	{"deleted", DELETES, 0},
	{"emdash", CHARACTER, 0x2014},
	{"emspace", CHARACTER, 0x2003},
	{"endash", CHARACTER, 0x2013},
	{"enspace", CHARACTER, 0x2002},
	{"f", FONT, 0},
	{"fcharset", FONT_CHARSET, 0},
	{"fldinst", ASIDE, 0},
	{"fonttbl", FONTS, 0},
	{"footer", ASIDE, 0},
	{"footerf", ASIDE, 0},
	{"footerl", ASIDE, 0},
	{"footerr", ASIDE, 0},
	{"footnote", ASIDE, 0},
	{"header", ASIDE, 0},
	{"headerf", ASIDE, 0},
	{"headerl", ASIDE, 0},
	{"headerr", ASIDE, 0},
	{"info", ASIDE, 0},
	{"latentstyles", SKIPS, 0},
	{"ldblquote", CHARACTER, 0x201c},
	{"line", CHARACTER, '\n'},
	{"listoverridetable", SKIPS, 0},
	{"lquote", CHARACTER, 0x2018},
	{"mac", PAGE_IS, 10000},
	{"nestcell", CHARACTER, '\t'},
	{"nestrow", LINE, 0},
	{"objdata", OBJECT, 0},
	{"page", LINE, 0},
	{"panose", SKIPS, 0},
	{"par", LINE, 0},
	{"pc", PAGE_IS, 437},
	{"pca", PAGE_IS, 850},
	{"pict", SKIPS, 0},
	{"plain", PLAIN, 0},
	{"qmspace", CHARACTER, 0x2005},
	{"rdblquote", CHARACTER, 0x201d},
	{"row", LINE, 0},
	{"rquote", CHARACTER, 0x2019},
	{"rsidtbl", SKIPS, 0},
	{"sect", LINE, 0},
	{"shptxt", ASIDE, 0},
	{"softline", CHARACTER, '\n'},
	{"sp", ASIDE, 0},
	{"stylesheet", SKIPS, 0},
	{"tab", CHARACTER, '\t'},
	{"themedata", SKIPS, 0},
	{"title", ASIDE, 0},
	{"u", UNICODE, 0},
	{"uc", REPLACEMENTS, 0},
	{"v", HIDES, 0},
	{"xmlnstbl", SKIPS, 0},
	{"zwbo", CHARACTER, 0x200b},
	{"zwj", CHARACTER, 0x200d},
	{"zwnj", CHARACTER, 0x200c},
};

/* The code page of a character set of Windows ("\fcharset"). */
static unsigned
page_of_charset(long charset)
{
	static const struct {
		long charset;
		unsigned page;
	} pages[] = {
		{77, 10000}, {128, 932},  {129, 949},  {130, 1361}, {134, 936},	 {136, 950},
		{161, 1253}, {162, 1254}, {163, 1258}, {177, 1255}, {178, 1256}, {186, 1257},
		{204, 1251}, {222, 874},  {238, 1250}, {254, 437},  {255, 850},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(pages); i++)
		if (pages[i].charset == charset)
			return pages[i].page;
	return 0;
}

static void
set_font_page(struct rtf *rtf, unsigned page)
{
	if (group_of(rtf)->is_fonts && group_of(rtf)->font < FONTS_MAX)
		rtf->pages[group_of(rtf)->font] = (uint16_t)page;
}

/* A number beyond 32767 is written as a negative one. */
static void
put_unicode(struct rtf *rtf, long number)
{
	gunichar c = (gunichar)(number < 0 ? number + 65536 : number);

	rtf->to_skip = 0;
	if (c >= 0xf020 && c <= 0xf0ff)
		c -= 0xf000; /* a font of symbols */
	if (c >= 0xd800 && c < 0xdc00) {
		rtf->high = c;
	} else if (c >= 0xdc00 && c < 0xe000) {
		if (rtf->high != 0)
			put_character(rtf, 0x10000 + ((rtf->high - 0xd800) << 10) + (c - 0xdc00));
		rtf->high = 0;
	} else if (g_unichar_validate(c)) {
		put_character(rtf, c);
	}
	rtf->to_skip = group_of(rtf)->replacements;
}

static void
skip_binary(struct rtf *rtf, long length)
{
	if (length > 0)
		rtf->at += MIN((size_t)length, (size_t)(rtf->end - rtf->at));
}

static void
hide_object(struct rtf *rtf)
{
	static const char why[] = "holds an object in a format that is not read";

	if (!group_of(rtf)->is_skipped)
		reader_tell(READER_OPAQUE_FILES, why, sizeof why - 1);
	group_of(rtf)->is_skipped = true;
}

static void
obey(struct rtf *rtf, const struct word *word, bool has_number, long number)
{
	struct group *group = group_of(rtf);

	switch (word->effect) {
	case SKIPS:
		group->is_skipped = true;
		break;
	case ASIDE:
		open_line(rtf);
		break;
	case OBJECT:
		hide_object(rtf);
		break;
	case CHARACTER:
		put_character(rtf, word->value);
		break;
	case LINE:
		end_line(rtf);
		break;
	case PLAIN:
		group->is_hidden = group->is_deleted = false;
		break;
	case HIDES:
		group->is_hidden = !has_number || number != 0;
		break;
	case DELETES:
		group->is_deleted = !has_number || number != 0;
		break;
	case FONT:
		group->font = (unsigned)CLAMP(number, 0, FONTS_MAX);
		break;
	case FONTS:
		group->is_fonts = group->is_skipped = true;
		break;
	case FONT_CHARSET:
		set_font_page(rtf, page_of_charset(number));
		break;
	case FONT_PAGE:
		set_font_page(rtf, (unsigned)CLAMP(number, 0, 65535));
		break;
	case PAGE:
		rtf->code_page = (unsigned)CLAMP(number, 0, 65535);
		break;
	case PAGE_IS:
		rtf->code_page = word->value;
		break;
	case REPLACEMENTS:
		group->replacements = (unsigned)CLAMP(number, 0, 100);
		break;
	case UNICODE:
		put_unicode(rtf, number);
		break;
	case BINARY:
		skip_binary(rtf, number);
		break;
	}
}

static int
compare_words(const void *name, const void *word)
{
	return strcmp(name, ((const struct word *)word)->name);
}

/* Behind the backslash: letters, a number, and a blank that belongs to them. */
static void
read_word(struct rtf *rtf)
{
	const char *start = rtf->at;
	char name[WORD_MAX + 1] = {0};
	const struct word *word;
	bool has_number;
	long number = 0;

	while (rtf->at < rtf->end && g_ascii_isalpha(*rtf->at))
		rtf->at++;
	memcpy(name, start, MIN((size_t)(rtf->at - start), (size_t)WORD_MAX));
	start = rtf->at;
	if (rtf->at < rtf->end && *rtf->at == '-')
		rtf->at++;
	has_number = rtf->at < rtf->end && g_ascii_isdigit(*rtf->at);
	if (!has_number)
		rtf->at = start;
	while (rtf->at < rtf->end && g_ascii_isdigit(*rtf->at))
		rtf->at++;
	if (has_number)
		number = strtol(start, NULL, 10);
	if (rtf->at < rtf->end && *rtf->at == ' ')
		rtf->at++;
	word = bsearch(name, words, G_N_ELEMENTS(words), sizeof *words, compare_words);
	/* It replaces a character for programs without Unicode. */
	if (rtf->to_skip > 0 &&
	    (word == NULL || (word->effect != UNICODE && word->effect != BINARY))) {
		rtf->to_skip--;
		return;
	}
	if (group_of(rtf)->is_star) {
		group_of(rtf)->is_star = false;
		open_line(rtf);
	}
	if (word != NULL)
		obey(rtf, word, has_number, number);
}

/* "\'e4". */
static void
read_byte(struct rtf *rtf)
{
	if (rtf->end - rtf->at < 2)
		return;
	put_byte(rtf, (char)(MAX(g_ascii_xdigit_value(rtf->at[0]), 0) << 4 |
			     MAX(g_ascii_xdigit_value(rtf->at[1]), 0)));
	rtf->at += 2;
}

static void
read_control(struct rtf *rtf)
{
	char c;

	if (rtf->at == rtf->end)
		return;
	if (g_ascii_isalpha(*rtf->at)) {
		read_word(rtf);
		return;
	}
	c = *rtf->at++;
	switch (c) {
	case '\'':
		read_byte(rtf);
		break;
	case '*':
		group_of(rtf)->is_star = true;
		break;
	case '~':
		put_character(rtf, 0xa0);
		break;
	case '-':
		put_character(rtf, 0xad);
		break;
	case '_':
		put_character(rtf, 0x2011);
		break;
	case '\r':
	case '\n':
		end_line(rtf);
		break;
	default:
		put_byte(rtf, c);
	}
}

static void
read_all(struct rtf *rtf)
{
	while (rtf->at < rtf->end) {
		char c = *rtf->at++;

		if (c == '{')
			open_group(rtf);
		else if (c == '}')
			close_group(rtf);
		else if (c == '\\')
			read_control(rtf);
		else if (c != '\r' && c != '\n' && c != '\0')
			put_byte(rtf, c);
	}
}

void
rtf_text_read(const char *document, size_t length, GString *answer)
{
	struct rtf *rtf = reader_allocate(sizeof *rtf);

	(void)answer;
	*rtf = (struct rtf){.at = document,
			    .end = document + length,
			    .depth = 1,
			    .lines_count = 1,
			    .code_page = DEFAULT_PAGE,
			    .bytes = g_string_new(NULL)};
	rtf->groups[0].replacements = 1;
	text_line_begin(&rtf->lines[0]);
	read_all(rtf);
	while (rtf->depth > 1)
		close_group(rtf);
	end_line(rtf);
	text_out_flush();
	g_string_free(rtf->bytes, TRUE);
	for (unsigned i = 0; i < LINES_MAX; i++)
		text_line_clear(&rtf->lines[i]);
	reader_release(rtf);
}
