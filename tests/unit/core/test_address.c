/* Addresses as policy, keys and log know them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "core/address.h"


static void
addresses_fold(void **state)
{
	static const char *const pairs[][2] = {
		{"<Anna@Example.COM>", "anna@example.com"},
		{"J\xc3\x96RG@b\xc3\xbc" "cher.example", "j\xc3\xb6rg@xn--bcher-kva.example"},
		{"\"a@b\"@Example.com", "\"a@b\"@example.com"},
		{"Example.COM", "example.com"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autofree char *folded = address_fold(pairs[i][0]);

		assert_string_equal(folded, pairs[i][1]);
	}
	assert_true(address_is_valid("a@b"));
	assert_false(address_is_valid("a\r\nb@c"));
	assert_false(address_is_valid("@b"));
	assert_false(address_is_valid("a@"));
}

/* Found by fuzzing: the heap was overwritten when a domain was not UTF-8. */
static void
domain_that_is_not_utf8_is_only_bytes(void **state)
{
	static const char *const domains[] = {"7IQ[2Mc-9\xff****\xff\xff\xff.XWxn@@@\xe2@", "a@\xf0", "a@xn--\xe2\x82",
					      "a@\xc3.\xc3.\xc3"};

	(void)state;
	for (int round = 0; round < 1000; round++)
		for (size_t i = 0; i < G_N_ELEMENTS(domains); i++) {
			g_autofree char *folded = address_fold(domains[i]);

			assert_int_equal(strlen(folded), strlen(domains[i]));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_fold),
		cmocka_unit_test(domain_that_is_not_utf8_is_only_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
