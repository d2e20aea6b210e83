/* International bank account numbers: ISO 13616-1; the countries are those of SWIFT's IBAN
 * registry. */
#include <stdlib.h>
#include <string.h>

#include "policy/detector/checksum.h"
#include "policy/detector/numbers.h"
#include "policy/detector/symbols.h"

enum {
	ROWS_MAX = 3,
	GROUPS_MAX = NUMBER_LENGTH_MAX,
	APART_MAX = 3,		     /* symbols between letters in boxes */
	BEFORE_MAX = 2 * GROUPS_MAX, /* symbols of an IBAN before a number within it */
};

/* What follows the country and two check digits: n digits, a letters, c digits or letters. */
static const struct country {
	char code[3];
	struct {
		unsigned char count;
		char type;
	} rows[ROWS_MAX];
} countries[] = {
	{"AD", {{8, 'n'}, {12, 'c'}}},
	{"AE", {{19, 'n'}}},
	{"AL", {{8, 'n'}, {16, 'c'}}},
	{"AT", {{16, 'n'}}},
	{"AZ", {{4, 'a'}, {20, 'c'}}},
	{"BA", {{16, 'n'}}},
	{"BE", {{12, 'n'}}},
	{"BG", {{4, 'a'}, {6, 'n'}, {8, 'c'}}},
	{"BH", {{4, 'a'}, {14, 'c'}}},
	{"BI", {{23, 'n'}}},
	{"BR", {{23, 'n'}, {1, 'a'}, {1, 'c'}}},
	{"BY", {{4, 'c'}, {4, 'n'}, {16, 'c'}}},
	{"CH", {{5, 'n'}, {12, 'c'}}},
	{"CR", {{18, 'n'}}},
	{"CY", {{8, 'n'}, {16, 'c'}}},
	{"CZ", {{20, 'n'}}},
	{"DE", {{18, 'n'}}},
	{"DJ", {{23, 'n'}}},
	{"DK", {{14, 'n'}}},
	{"DO", {{4, 'c'}, {20, 'n'}}},
	{"EE", {{16, 'n'}}},
	{"EG", {{25, 'n'}}},
	{"ES", {{20, 'n'}}},
	{"FI", {{14, 'n'}}},
	{"FK", {{2, 'a'}, {12, 'n'}}},
	{"FO", {{14, 'n'}}},
	{"FR", {{10, 'n'}, {11, 'c'}, {2, 'n'}}},
	{"GB", {{4, 'a'}, {14, 'n'}}},
	{"GE", {{2, 'a'}, {16, 'n'}}},
	{"GI", {{4, 'a'}, {15, 'c'}}},
	{"GL", {{14, 'n'}}},
	{"GR", {{7, 'n'}, {16, 'c'}}},
	{"GT", {{24, 'c'}}},
	{"HN", {{4, 'a'}, {20, 'n'}}},
	{"HR", {{17, 'n'}}},
	{"HU", {{24, 'n'}}},
	{"IE", {{4, 'a'}, {14, 'n'}}},
	{"IL", {{19, 'n'}}},
	{"IQ", {{4, 'a'}, {15, 'n'}}},
	{"IS", {{22, 'n'}}},
	{"IT", {{1, 'a'}, {10, 'n'}, {12, 'c'}}},
	{"JO", {{4, 'a'}, {4, 'n'}, {18, 'c'}}},
	{"KW", {{4, 'a'}, {22, 'c'}}},
	{"KZ", {{3, 'n'}, {13, 'c'}}},
	{"LB", {{4, 'n'}, {20, 'c'}}},
	{"LC", {{4, 'a'}, {24, 'c'}}},
	{"LI", {{5, 'n'}, {12, 'c'}}},
	{"LT", {{16, 'n'}}},
	{"LU", {{3, 'n'}, {13, 'c'}}},
	{"LV", {{4, 'a'}, {13, 'c'}}},
	{"LY", {{21, 'n'}}},
	{"MC", {{10, 'n'}, {11, 'c'}, {2, 'n'}}},
	{"MD", {{20, 'c'}}},
	{"ME", {{18, 'n'}}},
	{"MK", {{3, 'n'}, {10, 'c'}, {2, 'n'}}},
	{"MN", {{16, 'n'}}},
	{"MR", {{23, 'n'}}},
	{"MT", {{4, 'a'}, {5, 'n'}, {18, 'c'}}},
	{"MU", {{4, 'a'}, {19, 'n'}, {3, 'a'}}},
	{"NI", {{4, 'a'}, {20, 'n'}}},
	{"NL", {{4, 'a'}, {10, 'n'}}},
	{"NO", {{11, 'n'}}},
	{"OM", {{3, 'n'}, {16, 'c'}}},
	{"PK", {{4, 'a'}, {16, 'c'}}},
	{"PL", {{24, 'n'}}},
	{"PS", {{4, 'a'}, {21, 'c'}}},
	{"PT", {{21, 'n'}}},
	{"QA", {{4, 'a'}, {21, 'c'}}},
	{"RO", {{4, 'a'}, {16, 'c'}}},
	{"RS", {{18, 'n'}}},
	{"RU", {{14, 'n'}, {15, 'c'}}},
	{"SA", {{2, 'n'}, {18, 'c'}}},
	{"SC", {{4, 'a'}, {20, 'n'}, {3, 'a'}}},
	{"SD", {{14, 'n'}}},
	{"SE", {{20, 'n'}}},
	{"SI", {{15, 'n'}}},
	{"SK", {{20, 'n'}}},
	{"SM", {{1, 'a'}, {10, 'n'}, {12, 'c'}}},
	{"SO", {{19, 'n'}}},
	{"ST", {{21, 'n'}}},
	{"SV", {{4, 'a'}, {20, 'n'}}},
	{"TL", {{19, 'n'}}},
	{"TN", {{20, 'n'}}},
	{"TR", {{6, 'n'}, {16, 'c'}}},
	{"UA", {{6, 'n'}, {19, 'c'}}},
	{"VA", {{18, 'n'}}},
	{"VG", {{4, 'a'}, {16, 'n'}}},
	{"XK", {{16, 'n'}}},
	{"YE", {{4, 'a'}, {4, 'n'}, {18, 'c'}}},
};

static int
compare(const void *key, const void *element)
{
	const char *code = key;
	const struct country *country = element;

	return code[0] != country->code[0] ? code[0] - country->code[0]
					   : code[1] - country->code[1];
}

static const struct country *
find_country(const char *code)
{
	return bsearch(code, countries, G_N_ELEMENTS(countries), sizeof *countries, compare);
}

static size_t
length_of(const struct country *country)
{
	size_t length = 4;

	for (size_t i = 0; i < ROWS_MAX; i++)
		length += country->rows[i].count;
	return length;
}

static bool
is_of_type(char c, char type)
{
	return type == 'n' ? g_ascii_isdigit(c) : type == 'a' ? g_ascii_isupper(c) : true;
}

static bool
has_structure(const struct country *country, const char *bban)
{
	for (size_t i = 0; i < ROWS_MAX; i++)
		for (unsigned k = 0; k < country->rows[i].count; k++)
			if (!is_of_type(*bban++, country->rows[i].type))
				return false;
	return true;
}

/* Letters and digits of a number, group after group. */
struct reading {
	const char *at, *end;
	size_t lengths[GROUPS_MAX];
	size_t groups;
	char compact[NUMBER_LENGTH_MAX + 1];
	size_t length;
};

static void
read_group(struct reading *reading, size_t most)
{
	size_t before = reading->length;

	while (reading->at < reading->end && reading->length < most &&
	       g_ascii_isalnum(*reading->at))
		reading->compact[reading->length++] = g_ascii_toupper(*reading->at++);
	reading->lengths[reading->groups++] = reading->length - before;
}

/* Goes on to the next group; false if there is none. */
static bool
next_group(struct reading *reading)
{
	struct symbol_gap gap;

	if (reading->groups == GROUPS_MAX || !symbols_gap(reading->at, reading->end, &gap))
		return false;
	reading->at = gap.next;
	return true;
}

static void
read_groups(struct reading *reading, size_t most)
{
	do
		read_group(reading, most);
	while (reading->length < most && next_group(reading));
}

static bool
is_in_fours(const struct reading *reading)
{
	for (size_t i = 0; i + 1 < reading->groups; i++)
		if (reading->lengths[i] != 4)
			return false;
	return reading->lengths[reading->groups - 1] <= 4;
}

/* In one piece, or in fours as printed; or in other groups, without digits behind a short one that
 * may be the end of it. */
static bool
is_grouped(const struct reading *reading)
{
	struct symbol_gap gap;
	const size_t last = reading->lengths[reading->groups - 1];

	if (reading->groups == 1 || is_in_fours(reading) || last >= 3)
		return true;
	return !symbols_gap(reading->at, reading->end, &gap) || gap.has_line_end ||
	       gap.separator == '\t' || !g_ascii_isdigit(*gap.next);
}

/* The first letter of a word behind it is no part of it. */
static bool
ends_with_group(const struct reading *reading)
{
	return reading->at == reading->end || !symbol_is_letter(*reading->at) ||
	       g_ascii_isdigit(reading->at[-1]);
}

static bool
is_valid(const struct reading *reading, const struct country *country)
{
	return reading->length == length_of(country) && ends_with_group(reading) &&
	       has_structure(country, reading->compact + 4) &&
	       checksum_iban(NULL, reading->compact, reading->length) && is_grouped(reading) &&
	       (reading->at == reading->end || !g_ascii_isdigit(*reading->at));
}

static const struct country *
country_at(const char *at)
{
	const char code[] = {g_ascii_toupper(at[0]), g_ascii_toupper(at[1])};

	return find_country(code);
}

/* What a gap before it follows, or NULL: there is none, or nothing before it. */
static const char *
back_over_gap(const char *begin, const char *at)
{
	const char *from = at;

	while (from > begin && at - from < APART_MAX && strchr(" \t\n|", from[-1]) != NULL)
		from--;
	return from == at || from == begin ? NULL : from;
}

/* Forms have a box, and tables a cell, for each letter and digit. */
static const char *
find_beginning_apart(const char *begin, const char *digits, const char *end,
		     const struct country **country_r)
{
	struct symbol_gap gap;
	const char *second = back_over_gap(begin, digits),
		   *first = second == NULL ? NULL : back_over_gap(begin, second - 1);

	if (first == NULL || !symbols_gap(digits + 1, end, &gap) || !g_ascii_isdigit(*gap.next) ||
	    (first - 1 > begin && symbol_is_letter(first[-2])))
		return NULL;
	*country_r = country_at((const char[]){first[-1], second[-1]});
	return *country_r == NULL ? NULL : first - 1;
}

/* The country before two check digits: directly, or as a group of its own. NULL: there is none. */
static const char *
find_beginning(const char *begin, const char *digits, const char *end,
	       const struct country **country_r)
{
	const char *at = digits;

	if (end - digits < 2)
		return NULL;
	if (!g_ascii_isdigit(digits[1]))
		return find_beginning_apart(begin, digits, end, country_r);
	if (at - begin >= 3 && strchr(" \t-./", at[-1]) != NULL)
		at--;
	if (at - begin < 2 || !g_ascii_isalpha(at[-1]) || !g_ascii_isalpha(at[-2]))
		return NULL;
	at -= 2;
	if (at + 2 < digits && at > begin && symbol_is_letter(at[-1]))
		return NULL;
	*country_r = country_at(at);
	return *country_r != NULL && symbols_are_free_before(begin, at) ? at : NULL;
}

bool
number_iban_at(const char *begin, const char *digits, const char *end, struct number_iban *iban_r)
{
	const struct country *country;
	const char *at = find_beginning(begin, digits, end, &country);
	struct reading reading;

	if (at == NULL)
		return false;
	reading = (struct reading){.at = at, .end = end};
	read_groups(&reading, length_of(country));
	if (!is_valid(&reading, country))
		return false;
	memcpy(iban_r->compact, reading.compact, sizeof iban_r->compact);
	iban_r->length = reading.length;
	iban_r->from = at;
	iban_r->to = reading.at;
	return true;
}

/* --- numbers within --- */

bool
number_is_in_iban(const char *begin, const struct number_window *window, const char *end)
{
	const char *from = window->from;
	const char *first = from - begin > BEFORE_MAX ? from - BEFORE_MAX : begin;
	const char *letter = from;
	struct number_iban iban;

	while (letter > first && !g_ascii_isalpha(*letter))
		letter--;
	if (letter == first)
		return false;
	for (const char *digits = MIN(from, letter + 2); digits >= first; digits--)
		if (g_ascii_isdigit(*digits) && number_iban_at(begin, digits, end, &iban) &&
		    iban.to > from)
			return true;
	return false;
}
