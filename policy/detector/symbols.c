#include "policy/detector/symbols.h"

#include <string.h>
#include <unicode/uchar.h>

enum {
	SKIPPED = 0,
	GAP_MAX = 9, /* symbols */
	BLANKS_MAX = 6,
	LETTERS_MAX = 32, /* that are looked at beside a number */
	WORD_LEAST = 3,	  /* letters */
	INFORMATION_SEPARATOR_FOUR =
		0x1c, /* ISO 6429: as FS, GS, RS and US, they are between cells */
};

static char
digit_of(gunichar c)
{
	int value = u_charDigitValue((UChar32)c);

	if (value < 0 && u_getIntPropertyValue((UChar32)c, UCHAR_NUMERIC_TYPE) == U_NT_DIGIT)
		value = (int)u_getNumericValue((UChar32)c); /* superscripts, circled digits */
	return value < 0 || value > 9 ? SYMBOL_OTHER : (char)('0' + value);
}

static char
of_punctuation(gunichar c)
{
	static const gunichar dots[] = {0xb7,	0x2022, 0x2024, 0x2027, 0x2219,
					0x22c5, 0x30fb, 0xff0e, 0xff61, 0xff65};

	for (size_t i = 0; i < G_N_ELEMENTS(dots); i++)
		if (c == dots[i])
			return '.';
	switch (c) {
	case 0x2800: /* of Braille: a blank */
		return ' ';
	case 0x2502: /* of boxes */
	case 0xff5c:
		return '|';
	case 0x2212: /* minus sign */
	case 0x2043: /* hyphen bullet */
		return '-';
	case 0x2018:
	case 0x2019:
		return '\'';
	case 0x2044:
	case 0x2215:
	case 0xff0f:
		return '/';
	case 0xff3f:
		return '_';
	case 0xff0c:
		return ',';
	default:
		return SYMBOL_OTHER;
	}
}

/* As Unicode classifies it. */
static char
of_category(gunichar c)
{
	const uint32_t mask = U_MASK(u_charType((UChar32)c));

	if (u_hasBinaryProperty((UChar32)c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
	    (mask & (U_GC_MN_MASK | U_GC_ME_MASK | U_GC_CF_MASK)) != 0)
		return SKIPPED;
	if ((mask & (U_GC_ND_MASK | U_GC_NO_MASK)) != 0)
		return digit_of(c);
	if ((mask & (U_GC_L_MASK | U_GC_MC_MASK)) != 0)
		return SYMBOL_LETTER;
	if ((mask & U_GC_ZS_MASK) != 0)
		return ' ';
	if ((mask & (U_GC_ZL_MASK | U_GC_ZP_MASK)) != 0)
		return '\n';
	if (c >= 0xf030 && c <= 0xf039) /* in fonts of symbols, as Word numbers them */
		return (char)('0' + (c - 0xf030));
	return (mask & U_GC_PD_MASK) != 0 ? '-' : of_punctuation(c);
}

static char
of_wide(gunichar c)
{
	if ((c >= 0xc0 && c <= 0x24f && c != 0xd7 && c != 0xf7) || (c >= 0x3400 && c <= 0x9fff) ||
	    (c >= 0xac00 && c <= 0xd7a3))
		return SYMBOL_LETTER;
	if (c < 0xa0)
		return c == 0x85 ? '\n' : SKIPPED;
	if ((c >= 0xff21 && c <= 0xff3a) || (c >= 0xff41 && c <= 0xff5a))
		return (char)(c - 0xff01 + '!');
	return of_category(c);
}

/* In UTF-16 that is read as bytes, something stands between CR and LF that nobody sees. */
static bool
is_before_line_end(const char *at, const char *end)
{
	while (at < end && *at >= 0 && *at < '\t')
		at++;
	return at < end && *at == '\n';
}

/* What is neither printable ASCII nor beyond it. */
static char
of_control(const char *at, const char *end)
{
	if (*at == '\t' || (*at >= INFORMATION_SEPARATOR_FOUR && *at < ' '))
		return '\t';
	if (*at == '\r')
		return is_before_line_end(at + 1, end) ? SKIPPED : '\n';
	return *at >= '\n' && *at <= '\f' ? '\n' : SKIPPED;
}

void
symbols_read(GString *symbols, const char *text, size_t length)
{
	const char *at = text, *end = text + length;
	char *to;

	g_string_set_size(symbols, length);
	to = symbols->str;
	while (at < end) {
		const unsigned char c = (unsigned char)*at;

		if (c >= 0x20 && c < 0x7f) {
			*to++ = *at++;
		} else if (c < 0x80) {
			*to = of_control(at++, end);
			to += *to != SKIPPED;
		} else {
			*to = of_wide(g_utf8_get_char(at));
			to += *to != SKIPPED;
			at = g_utf8_next_char(at);
		}
	}
	g_string_truncate(symbols, (gsize)(to - symbols->str));
}

bool
symbol_is_letter(char symbol)
{
	return symbol == SYMBOL_LETTER || g_ascii_isalpha(symbol);
}

/* Letters beside a number. */
struct beside {
	unsigned letters;
	bool has_other; /* than those of hexadecimal digits */
	bool has_digit; /* beyond them */
};

/* False: there is no letter. */
static bool
add_letter(struct beside *beside, char symbol)
{
	if (!symbol_is_letter(symbol) || beside->letters == LETTERS_MAX)
		return false;
	beside->letters++;
	beside->has_other |= !g_ascii_isxdigit(symbol);
	return true;
}

static struct beside
look_before(const char *begin, const char *at)
{
	struct beside beside = {0};

	while (at > begin && add_letter(&beside, at[-1]))
		at--;
	beside.has_digit = at > begin && g_ascii_isdigit(at[-1]);
	return beside;
}

static struct beside
look_behind(const char *at, const char *end)
{
	struct beside beside = {0};

	while (at < end && add_letter(&beside, *at))
		at++;
	beside.has_digit = at < end && g_ascii_isdigit(*at);
	return beside;
}

/* "cvv123" and "exp12/28" are words with numbers of their own. */
static bool
is_free(const struct beside *beside)
{
	return !beside->has_digit || (beside->letters >= WORD_LEAST && beside->has_other);
}

bool
symbols_are_free_before(const char *begin, const char *at)
{
	const struct beside before = look_before(begin, at);

	return is_free(&before);
}

bool
symbols_are_piece(const char *begin, const char *from, const char *to, const char *end)
{
	const struct beside before = look_before(begin, from), after = look_behind(to, end);

	return before.letters > 0 && after.letters > 0 && !(is_free(&before) && is_free(&after));
}

/* Blanks beside a dot end a sentence, and beside a plus sign something is added. */
static const char tight[] = "._'+*=~:\\";

static bool
is_separator(const char *at, const struct symbol_gap *gap, unsigned blanks)
{
	if (gap->separator != '\0')
		return false;
	return *at == '-' || *at == '/' || (blanks == 0 && strchr(tight, *at) != NULL);
}

bool
symbols_gap(const char *at, const char *end, struct symbol_gap *gap_r)
{
	const char *const last = at + MIN(end - at, GAP_MAX), *const begin = at;
	unsigned blanks = 0, tabs = 0, line_ends = 0;

	*gap_r = (struct symbol_gap){0};
	for (; at < last && !g_ascii_isalnum(*at); at++) {
		if (*at == ' ' || *at == '\t' || *at == '|') /* cells of a table that is drawn */
			blanks++, tabs += *at != ' ';
		else if (*at == '\n')
			line_ends++;
		else if (*at == '>' && line_ends > 0) /* quoted */
			continue;
		else if (is_separator(at, gap_r, blanks))
			gap_r->separator = *at;
		else
			return false;
	}
	gap_r->next = at;
	gap_r->has_line_end = line_ends > 0;
	if (gap_r->separator != '\0' && strchr(tight, gap_r->separator) != NULL && blanks > 0)
		return false;
	if (tabs > 0 && line_ends == 0)
		gap_r->separator = '\t';
	return at > begin && at < end && g_ascii_isalnum(*at) && blanks <= BLANKS_MAX &&
	       line_ends <= 1;
}
