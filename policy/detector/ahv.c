/* Swiss social security numbers: 756, nine digits, and the check digit of EAN-13. */
#include <string.h>

#include "policy/detector/checksum.h"
#include "policy/detector/numbers.h"

static bool
begins(const char *digits)
{
	return memcmp(digits, "756", 3) == 0;
}

static bool
is_valid(const char *digits, size_t length)
{
	return checksum_ean13(NULL, digits, length);
}

/* 756.1234.5678.97, or other groups that begin with the country. */
static bool
is_grouped(const struct number_window *window)
{
	for (size_t i = 0; i < window->groups; i++)
		if (window->lengths[i] < 2)
			return false;
	return window->lengths[0] >= 3;
}

const struct number_kind number_ahv = {13, 13, begins, is_valid, is_grouped, true};
