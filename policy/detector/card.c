/* Numbers of payment cards: ISO/IEC 7812-1. */
#include "policy/detector/checksum.h"
#include "policy/detector/numbers.h"

#define LENGTH(digits) (1u << (digits))
#define FROM_16	       (LENGTH(16) | LENGTH(17) | LENGTH(18) | LENGTH(19))
#define FROM_12	       (LENGTH(12) | LENGTH(13) | LENGTH(14) | LENGTH(15) | FROM_16)

/* The first six digits that issuers have, and how long their numbers are. Visa's numbers of 13
 * digits are no longer issued; German EAN bar codes look like them. */
static const struct {
	unsigned first, last, lengths;
} issuers[] = {
	{220000, 220499, FROM_16},		   /* Mir */
	{222100, 272099, LENGTH(16)},		   /* Mastercard */
	{300000, 305999, LENGTH(14) | LENGTH(16)}, /* Diners Club */
	{309500, 309599, LENGTH(14) | LENGTH(16)}, /* Diners Club */
	{340000, 349999, LENGTH(15)},		   /* American Express */
	{352800, 358999, FROM_16},		   /* JCB */
	{360000, 369999, LENGTH(14) | LENGTH(16)}, /* Diners Club */
	{370000, 379999, LENGTH(15)},		   /* American Express */
	{380000, 399999, LENGTH(14) | LENGTH(16)}, /* Diners Club */
	{400000, 499999, LENGTH(16) | LENGTH(19)}, /* Visa */
	{500000, 509999, FROM_16},		   /* Maestro, Elo, Verve, Dankort */
	{501800, 501899, FROM_12},		   /* Maestro */
	{502000, 502099, FROM_12},		   /* Maestro */
	{503800, 503899, FROM_12},		   /* Maestro */
	{510000, 559999, LENGTH(16)},		   /* Mastercard */
	{560000, 589999, FROM_16},		   /* Maestro */
	{589300, 589399, FROM_12},		   /* Maestro */
	{601100, 601199, FROM_16},		   /* Discover */
	{606985, 608500, LENGTH(16)},		   /* RuPay */
	{620000, 629999, FROM_16},		   /* UnionPay */
	{630400, 630499, FROM_12},		   /* Maestro */
	{637000, 639999, FROM_16},		   /* InstaPayment, Maestro */
	{644000, 659999, FROM_16},		   /* Discover, RuPay, Troy */
	{670000, 679999, FROM_16},		   /* Maestro */
	{675900, 676399, FROM_12},		   /* Maestro */
	{810000, 817199, FROM_16},		   /* UnionPay */
	{979200, 979289, LENGTH(16)},		   /* Troy */
};

static bool
begins(const char *digits)
{
	static const bool known[10] = {[2 ... 6] = true, [8 ... 9] = true};

	return known[digits[0] - '0'];
}

static bool
has_issuer(const char *digits, size_t length)
{
	unsigned first = 0;

	for (size_t i = 0; i < 6; i++)
		first = first * 10 + (unsigned)(digits[i] - '0');
	for (size_t i = 0; i < G_N_ELEMENTS(issuers) && issuers[i].first <= first; i++)
		if (first <= issuers[i].last && (issuers[i].lengths & LENGTH(length)) != 0)
			return true;
	return false;
}

static bool
is_valid(const char *digits, size_t length)
{
	return has_issuer(digits, length) && checksum_luhn(NULL, digits, length);
}

/* As they are printed: 4-4-4-4, and what remains of 14 to 19 digits; 4-6-5 and 4-6-4; two of these
 * groups in one. */
static bool
is_grouped(const struct number_window *window)
{
	const size_t *lengths = window->lengths;

	if (window->groups == 3 && lengths[0] == 4 && lengths[1] == 6)
		return lengths[2] == 4 || lengths[2] == 5;
	if (window->groups == 2 && lengths[0] == 6)
		return lengths[1] == 13 || lengths[1] == 10;
	for (size_t i = 0; i + 1 < window->groups; i++)
		if (lengths[i] % 4 != 0)
			return false;
	return window->groups == 1 || lengths[window->groups - 1] % 4 == 0 ||
	       (lengths[window->groups - 1] < 4 && !window->is_behind &&
		!window->ends_behind_line_end && !window->ends_in_other_cell);
}

static bool
is_card(const struct number_window *window)
{
	return is_grouped(window) && !number_is_fraction(window);
}

const struct number_kind number_card = {12, 19, begins, is_valid, is_card, true};
