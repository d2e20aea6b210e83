/* Digits behind a decimal point, 0.4111111111111111 or 3,14159265358979, are told from a cell
 * behind another one: 1,4111111111111111,Smith. In doubt, it is a cell. */
#include <string.h>

#include "policy/detector/numbers.h"

enum {
	SIGNIFICANT_MAX = 17, /* digits that programs print of a double (IEEE 754 5.12.2) */
	SHORT_MAX = 3,	      /* digits before the point of a fraction with many behind it */
};

/* What may be a decimal: 3,14159265358979. */
struct decimal {
	const char *from, *point, *to;
	const char *begin, *end; /* of all symbols */
};

static const char *
skip(const char *at, const char *end, const char *symbols)
{
	while (at < end && strchr(symbols, *at) != NULL)
		at++;
	return at;
}

static const char *
skip_back(const char *at, const char *begin, const char *symbols)
{
	while (at > begin && strchr(symbols, at[-1]) != NULL)
		at--;
	return at;
}

/* 4.111111111111111e-01 */
static bool
has_exponent(const struct decimal *decimal)
{
	const char *at = decimal->to;

	if (at == decimal->end || g_ascii_tolower(*at) != 'e')
		return false;
	at++;
	at += at < decimal->end && (*at == '+' || *at == '-');
	return at < decimal->end && g_ascii_isdigit(*at);
}

/* A dot at the end of a sentence is no separator. */
static bool
is_in_dotted_list(const struct decimal *decimal)
{
	const char *to = decimal->to, *from = decimal->from;

	return (decimal->end - to >= 2 && to[0] == '.' && g_ascii_isalnum(to[1])) ||
	       (from - decimal->begin >= 2 && from[-1] == '.' && g_ascii_isalnum(from[-2]));
}

static bool
is_in_comma_list(const struct decimal *decimal)
{
	const char *next = skip(decimal->to, decimal->end, " ");
	const char *before = skip_back(decimal->from, decimal->begin, " ");

	return (next < decimal->end && *next == ',') ||
	       (before > decimal->begin && before[-1] == ',');
}

/* Two cells that are all of a line, which may be quoted, or of what brackets enclose. Identifiers
 * begin at 1: a column of lines with 0 in front is one of fractions. */
static bool
is_pair(const struct decimal *decimal)
{
	const char *next = skip(decimal->to, decimal->end, " ");
	const char *before = skip_back(decimal->from, decimal->begin, " >");

	if (decimal->point - decimal->from == 1 && *decimal->from == '0')
		return false;
	if (before == decimal->begin || before[-1] == '\n')
		return next == decimal->end || *next == '\n';
	return strchr("([{", before[-1]) != NULL && next < decimal->end &&
	       strchr(")]}", *next) != NULL;
}

/* Zero before the point is not significant. */
static size_t
count_significant(const struct decimal *decimal)
{
	const size_t before = (size_t)(decimal->point - decimal->from);

	return (before == 1 && *decimal->from == '0' ? 0 : before) +
	       (size_t)(decimal->to - decimal->point - 1);
}

static bool
is_behind_point(const struct decimal *decimal)
{
	if (has_exponent(decimal))
		return true;
	if (*decimal->point == ',')
		return !is_in_comma_list(decimal) && !is_pair(decimal) &&
		       count_significant(decimal) <= SIGNIFICANT_MAX;
	return !is_in_dotted_list(decimal) && (decimal->point - decimal->from <= SHORT_MAX ||
					       count_significant(decimal) <= SIGNIFICANT_MAX);
}

bool
number_is_fraction(const struct number_window *window)
{
	struct decimal decimal = {.to = window->to, .begin = window->begin, .end = window->end};

	if (window->groups != 1 || window->from - window->begin < 2 ||
	    strchr(".,", window->from[-1]) == NULL)
		return false;
	decimal.point = decimal.from = window->from - 1;
	while (decimal.from > decimal.begin && g_ascii_isdigit(decimal.from[-1]) &&
	       decimal.point - decimal.from <= SIGNIFICANT_MAX)
		decimal.from--;
	return decimal.from < decimal.point && is_behind_point(&decimal);
}
