/* Addresses: the grammar, the canonical form, and what is refused; text from outside in a line of a
 * log. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "core/address.h"
#include "core/domain.h"
#include "core/quote.h"

static void
addresses_have_one_form_and_one_key(void **state)
{
	static const struct {
		const char *given, *text, *key;
	} cases[] = {
		{"Anna@Example.COM", "Anna@Example.COM", "anna@example.com"},
		{"\"anna\"@example.com", "anna@example.com", "anna@example.com"},
		{"\"an\\na\"@example.com", "anna@example.com", "anna@example.com"},
		{"John.O'Neil+news/a=b@mail-1.example.com", NULL,
		 "john.o'neil+news/a=b@mail-1.example.com"},
		{"\"John Doe\"@example.com", "\"John Doe\"@example.com",
		 "\"john doe\"@example.com"},
		{".a@example.com", "\".a\"@example.com", "\".a\"@example.com"},
		{"a..b.@example.com", "\"a..b.\"@example.com", "\"a..b.\"@example.com"},
		{"\"a..b.\"@example.com", "\"a..b.\"@example.com", "\"a..b.\"@example.com"},
		{"j\xc3\x96rg@b\xc3\xbc"
		 "cher.example",
		 NULL, "j\xc3\xb6rg@xn--bcher-kva.example"},
		{"a@B\xc3\x9c"
		 "CHER.EXAMPLE",
		 NULL, "a@xn--bcher-kva.example"},
		{"a@XN--BCHER-KVA.example", NULL, "a@xn--bcher-kva.example"},
		{"a@xn--strae-oqa.example", NULL, "a@xn--strae-oqa.example"},
		{"a@_x.example.com", NULL, "a@_x.example.com"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(address_auto) address = {0}, again = {0};
		struct fault fault = {0};

		if (!address_parse(&address, cases[i].given, &fault))
			fail_msg("%s", fault.text);
		assert_string_equal(address.text,
				    cases[i].text == NULL ? cases[i].given : cases[i].text);
		assert_string_equal(address.key, cases[i].key);
		assert_string_equal(address.domain, strrchr(cases[i].key, '@') + 1);
		assert_int_equal(address.international, !g_str_is_ascii(cases[i].given));
		assert_true(address_parse(&again, address.key, &fault));
		assert_string_equal(again.key, address.key);
	}
}

/* Postfix read each of these as someone else's address, or could do so under one of its settings.
 */
static void
addresses_that_can_be_read_in_two_ways_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"@",
		"a@",
		"@b.example",
		"a",
		"postmaster",
		"a@localhost",
		"a@com",
		"@relay.example:b@pickup.example",
		"@a.example,@b.example:c@d.example",
		"b%pickup.example",
		"d%pickup.example@example.com",
		"pickup.example!b",
		"pickup.example!b@example.com",
		"\"d@pickup.example\"@example.com",
		"\"d%pickup.example\"@example.com",
		"\"p.example!d\"@example.com",
		"a@b@example.com",
		"b@pickup.example.",
		"b@.pickup.example",
		"b@pickup..example",
		"b@pickup.example (x)",
		"b(x)@pickup.example",
		"(x)b@pickup.example",
		"b@(x)pickup.example",
		"Sue <b@pickup.example>",
		"<b@pickup.example>",
		"b@pickup.example>",
		"b@<pickup.example>",
		"b @pickup.example",
		" b@pickup.example",
		"b@ pickup.example",
		"b@pickup.example ",
		"b\t@pickup.example",
		"b\\c@pickup.example",
		"\\b@pickup.example",
		"b@pickup\\.example",
		"\"b\"c@pickup.example",
		"b\"c\"@pickup.example",
		"\"b@pickup.example",
		"\"b\"@\"pickup\".example",
		"\"a\".\"b\"@pickup.example",
		"\"a\\\"b\"@pickup.example",
		"\"a\\\\b\"@pickup.example",
		"\"\"@pickup.example",
		"\"a,b\"@pickup.example",
		"\"a:b\"@pickup.example",
		"\"a;b\"@pickup.example",
		"\"<a>\"@pickup.example",
		"a,b@pickup.example",
		"a;b@pickup.example",
		"a:b@pickup.example",
		"g:a@pickup.example;",
		"[a]@pickup.example",
		"b@[192.0.2.1]",
		"b@[IPv6:2001:db8::1]",
		"b@192.0.2.1",
		"b@pickup.1",
		"b@#123",
		"b@-a.example",
		"b@a-.example",
		"b@a b.example",
		"b@a,b.example",
		"b@a/b.example",
		"b@a%b.example",
		"b\r\nDATA@x.example",
		"b\x7f@x.example",
		"\"b\n\"@x.example",
		"b@x.example\n",
		"inj@plain.example> ORCPT=rfc822;evil",
		"x@y.example>, network=198.51.100.0/24",
		/* not UTF-8; NFD; no-break space, zero width, bidi override, C1, private use,
		   unassigned */
		"\xff@x.example",
		"b@\xff.example",
		"e\xcc\x81@x.example",
		"a\xc2\xa0@x.example",
		"a\xe2\x80\x8b@x.example",
		"a\xe2\x80\xae@x.example",
		"a\xc2\x85@x.example",
		"a\xee\x80\x80@x.example",
		"a\xcd\xb8@x.example",
		/* ẞ and ß, ς, full-width, ideographic full stop, ZWNJ, soft hyphen, NFD, mapped ﬁ,
		   mixed bidi */
		"x@stra\xe1\xba\x9e"
		"e.example",
		"x@stra\xc3\x9f"
		"e.example",
		"x@\xce\xb2\xcf\x8c\xce\xbb\xce\xbf\xcf\x82.example",
		"x@\xef\xbd\x90"
		"ickup.example",
		"x@pickup\xe3\x80\x82"
		"example",
		"x@pick\xe2\x80\x8cup.example",
		"x@pick\xc2\xadup.example",
		"x@bu\xcc\x88"
		"cher.example",
		"x@\xef\xac\x81sh.example",
		"x@a\xd7\x90.example",
		"x@xn--a.example",
		"x@xn--.example",
		"x@xn--b\xc3\xbc.example",
		"x@xn--pickup-.example",
	};
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_auto(address_auto) address = {0};
		g_autofree char *folded = address_fold(texts[i]);
		struct fault fault = {0};

		if (address_parse(&address, texts[i], &fault))
			fail_msg("accepted: %s", texts[i]);
		assert_int_equal(fault.cause, FAULT_ADDRESS);
		assert_non_null(strstr(fault.text, "is not accepted: "));
		assert_false(address_is_valid(folded));
	}
}

static void
long_addresses_are_refused(void **state)
{
	g_autofree char *local = g_strnfill(300, 'a'), *label = g_strnfill(64, 'b');
	g_autofree char *fits = g_strconcat(local, "@example.com", NULL);
	g_autofree char *too_long = g_strconcat(local, "@a23456789.example.com", NULL);
	g_autofree char *long_label = g_strconcat("a@", label, ".example", NULL);

	(void)state;
	assert_true(address_is_valid(fits));
	assert_false(address_is_valid(too_long));
	assert_false(address_is_valid(long_label));
}

/* The MTA's own reading is consulted, and an address that the MTA reads differently is refused. */
static void
path_is_what_the_mta_reads(void **state)
{
	static const struct {
		const char *path, *reading, *key;
	} cases[] = {
		{"<b@x.example>", NULL, "b@x.example"},
		{"b@x.example", NULL, "b@x.example"},
		{"<B@X.example>", "b@x.example", "b@x.example"},
		{"<\"b\"@x.example>", "b@x.example", "b@x.example"},
		{"<b@x.example>", "c@x.example", NULL},
		{"<b@x.example>", "b@y.example", NULL},
		{"<b@x.example>", "b%x.example@example.com", NULL},
		{"<root>", "root@example.com", "root@example.com"},
		{"<root>", NULL, NULL},
		{"<b%x.example>", "b@x.example", NULL},
		{"<<b@x.example>>", "b@x.example", NULL},
		{"<b@x.example", NULL, NULL},
		{"Sue<b@x.example>", "b@x.example", NULL},
		{"<b@x.example>(c)", "b@x.example", NULL},
	};
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(address_auto) address = {0};
		struct fault fault = {0};
		bool good = address_parse_path(&address, cases[i].path, cases[i].reading, &fault);

		if (good != (cases[i].key != NULL))
			fail_msg("%s: %s", cases[i].path, fault.text);
		if (good)
			assert_string_equal(address.key, cases[i].key);
	}
}

/* Found by fuzzing: if a domain was not UTF-8, the heap was overwritten. */
static void
domain_that_is_not_utf8_is_only_bytes(void **state)
{
	static const char *const domains[] = {"7IQ[2Mc-9\xff****\xff\xff\xff.XWxn@@@\xe2@",
					      "a@\xf0", "a@xn--\xe2\x82", "a@\xc3.\xc3.\xc3"};

	(void)state;
	for (int round = 0; round < 1000; round++)
		for (size_t i = 0; i < G_N_ELEMENTS(domains); i++) {
			g_autofree char *folded = address_fold(domains[i]);

			assert_int_equal(strlen(folded), strlen(domains[i]));
		}
}

static void
lines_of_a_log_cannot_be_forged(void **state)
{
	static const char *const pairs[][2] = {
		{"x@y>, network=198.51.100.0/24", "\"x@y>, network=198.51.100.0/24\""},
		{"a\", network=\"b", "\"a\\x22, network=\\x22b\""},
		{"a\nb\x1b[2K", "\"a\\x0ab\\x1b[2K\""},
		{"back\\slash", "\"back\\x5cslash\""},
		{"gr\xc3\xbc\xc3\x9f"
		 "e",
		 "\"gr\xc3\xbc\xc3\x9f"
		 "e\""},
		{"a\xe2\x80\xae"
		 "b\xe2\x80\xa8"
		 "c\xff",
		 "\"a\\xe2\\x80\\xaeb\\xe2\\x80\\xa8c\\xff\""},
		{NULL, "\"\""},
	};
	g_autofree char *endless = g_strnfill(5000, 'x'), *cut = quote(endless);
	char line[] = "a\n\tb\xc2\x85"
		      "c\xe2\x80\xae"
		      "d\xe2\x80\xa8"
		      "e\xff"
		      "f \"\\ \xc3\xbc";

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autofree char *quoted = quote(pairs[i][0]);

		assert_string_equal(quoted, pairs[i][1]);
	}
	assert_in_range(strlen(cut), 100, 250);
	quote_flatten(line);
	assert_string_equal(line, "a  b  c   d   e f \"\\ \xc3\xbc");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_have_one_form_and_one_key),
		cmocka_unit_test(addresses_that_can_be_read_in_two_ways_are_refused),
		cmocka_unit_test(long_addresses_are_refused),
		cmocka_unit_test(path_is_what_the_mta_reads),
		cmocka_unit_test(domain_that_is_not_utf8_is_only_bytes),
		cmocka_unit_test(lines_of_a_log_cannot_be_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
