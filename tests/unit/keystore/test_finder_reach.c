/* What the finder connects to. The networks are those of IANA's registries of special-purpose
 * addresses (RFC 6890) and the examples of RFC 6052. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glib.h>

#include "keystore/finder/reach.h"

static struct fault fault;

static bool
allows(const char *text)
{
	struct network_address address;

	assert_true(network_address_parse(&address, text));
	return reach_allows(&address);
}

static void
begin(const char *networks)
{
	struct settings *settings = settings_new();

	g_strfreev(settings->finder_networks);
	settings->finder_networks = g_strsplit(networks, " ", -1);
	assert_true(reach_begin(settings, &fault));
	settings_free(settings);
}

static void
public_addresses_are_reached(void **state)
{
	static const char *const public[] = {
		"9.255.255.255",   "11.0.0.0",	       "100.63.255.255",  "100.128.0.0",
		"126.255.255.255", "128.0.0.0",	       "169.253.255.255", "172.15.255.255",
		"172.32.0.0",	   "192.167.255.255",  "192.169.0.0",	  "223.255.255.255",
		"1.1.1.1",	   "2a00::1",	       "2003::1",	  "2001:200::1",
		"2606:4700::1111", "64:ff9b::1.1.1.1", "::ffff:1.1.1.1",
	};

	(void)state;
	begin("");
	for (size_t i = 0; i < G_N_ELEMENTS(public); i++)
		if (!allows(public[i]))
			fail_msg("%s is public", public[i]);
}

static void
address_that_is_not_public_was_reached(void **state)
{
	static const char *const others[] = {
		"0.0.0.0",
		"0.1.2.3",
		"10.0.0.0",
		"10.255.255.255",
		"100.64.0.0",
		"100.127.255.255",
		"127.0.0.1",
		"127.255.255.255",
		"169.254.169.254",
		"172.16.0.0",
		"172.31.255.255",
		"192.0.0.1",
		"192.0.2.1",
		"192.168.0.0",
		"192.168.255.255",
		"198.18.0.1",
		"198.19.255.255",
		"198.51.100.1",
		"203.0.113.1",
		"224.0.0.1",
		"239.255.255.255",
		"240.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"::ffff:10.0.0.1",
		"::ffff:127.0.0.1",
		"::127.0.0.1",
		"64:ff9b::10.0.0.1",
		"64:ff9b::127.0.0.1",
		"64:ff9b:1::1",
		"100::1",
		"2001::1",
		"2001:db8::1",
		"2002:7f00:1::",
		"fc00::1",
		"fd12:3456::1",
		"fe80::1",
		"fec0::1",
		"ff02::1",
		"4000::1",
		"3fff::1",
	};

	(void)state;
	begin("");
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		if (allows(others[i]))
			fail_msg("%s is not public", others[i]);
}

static void
networks_of_the_settings_are_reached_in_every_form(void **state)
{
	(void)state;
	begin("10.1.0.0/16 fd00:1::/32 127.0.0.9");
	assert_true(allows("10.1.255.255"));
	assert_true(allows("::ffff:10.1.0.1"));
	assert_true(allows("64:ff9b::10.1.0.1"));
	assert_false(allows("10.2.0.1"));
	assert_true(allows("fd00:1:2::3"));
	assert_false(allows("fd00:2::3"));
	assert_true(allows("127.0.0.9"));
	assert_false(allows("127.0.0.1"));
}

static void
network_that_cannot_be_read_is_an_error(void **state)
{
	static const char *const wrong[] = {"10.0.0.0/33", "10.0.0/8", "example.com",  "::/129",
					    "10.0.0.0/",   "",	       "10.0.0.0/8/9", "unix"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		struct settings *settings = settings_new();
		char *networks[] = {(char *)wrong[i], NULL};

		g_strfreev(settings->finder_networks);
		settings->finder_networks = g_strdupv(networks);
		assert_false(reach_begin(settings, &fault));
		settings_free(settings);
	}
}

static void
ports_of_other_protocols_are_not_asked(void **state)
{
	(void)state;
	assert_true(reach_allows_port(80) && reach_allows_port(443) && reach_allows_port(8443));
	assert_false(reach_allows_port(0) || reach_allows_port(22) || reach_allows_port(25) ||
		     reach_allows_port(1023));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_addresses_are_reached),
		cmocka_unit_test(address_that_is_not_public_was_reached),
		cmocka_unit_test(networks_of_the_settings_are_reached_in_every_form),
		cmocka_unit_test(network_that_cannot_be_read_is_an_error),
		cmocka_unit_test(ports_of_other_protocols_are_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
