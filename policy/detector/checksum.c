#include "policy/detector/checksum.h"

#include <glib.h>

enum { ENTITY_LENGTH = 20 };

static bool
is_digits(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!g_ascii_isdigit(text[i]))
			return false;
	return length > 0;
}

bool
checksum_luhn(const struct checksum *checksum, const char *text, size_t length)
{
	unsigned sum = 0;

	(void)checksum;
	if (!is_digits(text, length))
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned digit = (unsigned)(text[i] - '0') << ((length - i) % 2 == 0);

		sum += digit / 10 + digit % 10;
	}
	return sum % 10 == 0;
}

static bool
is_led_by_country(const char *text, size_t length)
{
	return length > 4 && g_ascii_isalpha(text[0]) && g_ascii_isalpha(text[1]) &&
	       g_ascii_isdigit(text[2]) && g_ascii_isdigit(text[3]);
}

/* Read from `first` on, and around. */
static bool
is_mod97(const char *text, size_t length, size_t first)
{
	unsigned rest = 0;

	for (size_t i = 0; i < length; i++) {
		const char c = text[(first + i) % length];

		if (g_ascii_isdigit(c))
			rest = (rest * 10 + (unsigned)(c - '0')) % 97;
		else if (g_ascii_isalpha(c))
			rest = (rest * 100 + (unsigned)(g_ascii_toupper(c) - 'A' + 10)) % 97;
		else
			return false;
	}
	return rest == 1;
}

bool
checksum_iban(const struct checksum *checksum, const char *text, size_t length)
{
	(void)checksum;
	return is_mod97(text, length, is_led_by_country(text, length) ? 4 : 0);
}

bool
checksum_mod97(const struct checksum *checksum, const char *text, size_t length)
{
	return checksum_iban(checksum, text, length) ||
	       (length == ENTITY_LENGTH && is_mod97(text, length, 0));
}

bool
checksum_ean13(const struct checksum *checksum, const char *text, size_t length)
{
	unsigned sum = 0;

	(void)checksum;
	if (length != 13 || !is_digits(text, length))
		return false;
	for (size_t i = 0; i < length; i++)
		sum += (unsigned)(text[i] - '0') * (i % 2 == 0 ? 1 : 3);
	return sum % 10 == 0;
}

bool
checksum_weights(const struct checksum *checksum, const char *text, size_t length)
{
	uint64_t sum = 0;
	bool has_x =
		length > 1 && checksum->modulus == 11 && g_ascii_toupper(text[length - 1]) == 'X';

	if (length != checksum->count || !is_digits(text, length - has_x))
		return false;
	for (size_t i = 0; i < length; i++)
		sum += checksum->weights[i] *
		       (i + 1 == length && has_x ? 10 : (uint64_t)(text[i] - '0'));
	return sum % checksum->modulus == 0;
}
