/* Names and records of keys and mail hosts in the DNS, compared with the RFCs. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "keystore/finder/dane.h"
#include "keystore/finder/sts_record.h"

static void
expect_owner(const char *address, const char *label, const char *wanted)
{
	g_autofree char *owner = dane_owner(address, label);

	assert_string_equal(owner, wanted);
}

static void
names_are_those_of_the_standards(void **state)
{
	(void)state;
	/* RFC 7929 §3 */
	expect_owner(
		"hugh@example.com", "_openpgpkey",
		"c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6._openpgpkey.example.com");
	/* RFC 8162 §3 */
	expect_owner(
		"hugh@example.com", "_smimecert",
		"c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6._smimecert.example.com");
	/* printf %s 'joe blow' | sha256sum */
	expect_owner(
		"\"joe blow\"@example.com", "_openpgpkey",
		"3e257a58690cbc16f93b0e4738599b2cd2e865fbe9718e2e49d3448f._openpgpkey.example.com");
	assert_null(dane_owner("example.com", "_openpgpkey"));
}

static bool
reads(const char *data, size_t length, struct dane_record *record_r)
{
	g_autoptr(GBytes) rdata = g_bytes_new_static(data, length);

	return dane_record_read(rdata, record_r);
}

static void
record_is_as_long_as_its_digest(void **state)
{
	static const char zeros[70];
	char data[70] = {3, 1, 1};
	struct dane_record record;

	(void)state;
	assert_true(reads(data, 3 + 32, &record));
	assert_int_equal(record.usage, 3);
	assert_int_equal(record.selector, DANE_PUBLIC_KEY);
	assert_int_equal(record.matching, DANE_SHA256);
	assert_int_equal(record.length, 32);
	assert_memory_equal(record.data, zeros, 32);
	assert_false(reads(data, 3 + 31, &record));
	assert_false(reads(data, 3 + 33, &record));
	data[2] = DANE_SHA512;
	assert_true(reads(data, 3 + 64, &record));
	assert_false(reads(data, 3 + 32, &record));
	data[2] = DANE_WHOLE;
	assert_true(reads(data, 4, &record));
	for (size_t length = 0; length <= 3; length++)
		assert_false(reads(data, length, &record));
	assert_false(reads("\4\0\0x", 4, &record)); /* RFC 6698 §2.1: no such usage, … */
	assert_false(reads("\3\2\0x", 4, &record));
	assert_false(reads("\3\0\3x", 4, &record));
}

static char *
host(const char *data, size_t length, size_t *at)
{
	return dns_host((const unsigned char *)data, length, at);
}

static void
host_names_end_where_they_end(void **state)
{
	static const char good[] = "\2MX\7example\3COM\0rest";
	size_t at = 0;
	g_autofree char *name = host(good, sizeof good - 1, &at);
	g_autofree char *root = NULL;

	(void)state;
	assert_string_equal(name, "mx.example.com");
	assert_string_equal(good + at, "rest");
	at = 0;
	root = host("\0", 1, &at);
	assert_string_equal(root, "");
	assert_int_equal(at, 1);
}

static void
malformed_host_names_are_none(void **state)
{
	static const struct {
		const char *data;
		size_t length;
	} bad[] = {
		{"", 0},
		{"\2mx", 3},	       /* does not end */
		{"\5mx\0", 4},	       /* a label longer than the data */
		{"\300\0", 2},	       /* a pointer (RFC 1035 §4.1.4) */
		{"\3a.b\0", 5},	       /* a dot in a label */
		{"\3a b\0", 5},	       /* a blank */
		{"\3a\0b\0", 5},       /* a NUL */
		{"\4m\303\274x\0", 6}, /* ü */
	};
	char endless[600];
	size_t at;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		at = 0;
		assert_null(host(bad[i].data, bad[i].length, &at));
	}
	for (size_t i = 0; i < sizeof endless; i += 2)
		memcpy(endless + i, "\1a", 2);
	at = 0;
	assert_null(host(endless, sizeof endless, &at));
	at = 5;
	assert_null(host("abc", 3, &at));
}

static void
id_of_a_policy_is_read_as_the_standard_has_it(void **state)
{
	static const char *const good[] = {
		"v=STSv1; id=20160831085700Z;", /* RFC 8461 §3.1 */
		"v=STSv1;id=20160831085700Z",
		"v=STSv1 ;\t id=20160831085700Z ; ",
		"v=STSv1; ext=a; id=20160831085700Z; e-x.t_2=!~",
	};
	static const char *const bad[] = {
		"",
		"v=STSv1",
		"v=STSv1;",
		"v=STSv1; id=;",
		"v=STSv1; id=a-b;",
		"v=STSv1; id=a b;",
		"v=STSv1; id=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;", /* 33 characters */
		"v=STSv1; id=a; id=b;",
		"v=STSv1;; id=a;",
		"v=STSv2; id=a;",
		"V=STSv1; id=a;",
		"v=stsv1; id=a;",
		"id=a; v=STSv1;",
		"v=STSv1; ID=a;",
		"v=STSv1; id=a; extension;",
		"v=STSv1; id=a; =b;",
		"v=STSv1; id=a; b=;",
		"v=STSv1; id=a; b=c=d;",
	};
	char id[STS_ID_MAX + 1];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		assert_true(sts_record_read(good[i], id));
		assert_string_equal(id, "20160831085700Z");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		if (sts_record_read(bad[i], id))
			fail_msg("“%s” is not a record of MTA-STS", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_the_standards),
		cmocka_unit_test(record_is_as_long_as_its_digest),
		cmocka_unit_test(host_names_end_where_they_end),
		cmocka_unit_test(malformed_host_names_are_none),
		cmocka_unit_test(id_of_a_policy_is_read_as_the_standard_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
