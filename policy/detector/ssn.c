/* Social security numbers of the United States: no check digit, but ranges that are not issued. */
#include <string.h>

#include "policy/detector/numbers.h"

static bool
begins(const char *digits)
{
	return digits[0] != '9' && memcmp(digits, "000", 3) != 0 && memcmp(digits, "666", 3) != 0;
}

/* Numbers that were printed in advertisements. */
static bool
is_sample(const char *digits)
{
	static const char samples[][10] = {"078051120", "219099999", "457555462"};

	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++)
		if (memcmp(digits, samples[i], 9) == 0)
			return true;
	return false;
}

static bool
is_valid(const char *digits, size_t length)
{
	return length == 9 && begins(digits) && memcmp(digits + 3, "00", 2) != 0 &&
	       memcmp(digits + 5, "0000", 4) != 0 && !is_sample(digits);
}

/* 123-45-6789. Nine digits in one piece are one only if words say so. */
static bool
is_grouped(const struct number_window *window)
{
	const size_t *lengths = window->lengths;
	bool is_usual = window->groups == 3 && lengths[0] == 3 && lengths[1] == 2;

	if (is_usual && window->has_one_separator && !window->is_behind && !window->goes_on)
		return true;
	return (is_usual || window->groups == 1) && !number_is_fraction(window) &&
	       number_has_words(window);
}

const struct number_kind number_ssn = {9, 9, begins, is_valid, is_grouped, false};
