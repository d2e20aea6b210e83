/* MTA-STS policies: the examples of RFC 8461, and what is not as its grammar has it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "keystore/finder/sts_policy.h"

static void
read_good(struct sts_policy *policy, const char *text)
{
	const char *why;

	if (!sts_policy_read(policy, text, strlen(text), &why))
		fail_msg("%s: %s", text, why);
}

static void
expect_wrong(const char *text, size_t length)
{
	struct sts_policy policy;
	const char *why = NULL;

	if (sts_policy_read(&policy, text, length, &why))
		fail_msg("accepted: %s", text);
	assert_non_null(why);
}

/* §3.2 */
static void
example_of_the_standard_is_read(void **state)
{
	g_auto(sts_policy_auto) policy = {0};

	(void)state;
	read_good(&policy, "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\n"
			   "mx: *.example.net\r\nmx: backupmx.example.com\r\nmax_age: 604800\r\n");
	assert_int_equal(policy.mode, STS_ENFORCE);
	assert_int_equal(policy.max_age, 604800);
	assert_string_equal(policy.hosts[0], "mail.example.com");
	assert_string_equal(policy.hosts[2], "backupmx.example.com");
	assert_null(policy.hosts[3]);
}

/* §4.1: "*.example.com" has mail.example.com, neither example.com nor foo.bar.example.com. */
static void
star_stands_for_one_label(void **state)
{
	g_auto(sts_policy_auto) policy = {0};

	(void)state;
	read_good(&policy, "version: STSv1\nmode: testing\nmx: *.example.net\nmx: A.example.com\n"
			   "max_age: 86400\n");
	assert_true(sts_policy_has(&policy, "mail.example.net"));
	assert_true(sts_policy_has(&policy, "MAIL.Example.NET"));
	assert_true(sts_policy_has(&policy, "a.example.com"));
	assert_false(sts_policy_has(&policy, "example.net"));
	assert_false(sts_policy_has(&policy, ".example.net"));
	assert_false(sts_policy_has(&policy, "a.b.example.net"));
	assert_false(sts_policy_has(&policy, "b.example.com"));
	assert_false(sts_policy_has(&policy, "notexample.net"));
	assert_false(sts_policy_has(&policy, ""));
}

static void
policies_in_other_forms_are_read(void **state)
{
	static const char *const good[] = {
		"version: STSv1\nmode: none\nmax_age: 0",
		"max_age:604800\nmx:a.example\nmode:enforce\nversion:STSv1",
		"version: STSv1 \t\nmode: enforce\nmx: a.example\nmax_age: 1\n\n\n",
		"version: STSv1\nmode: enforce\nmode: none\nmx: a.example\nmax_age: 9999999999\n",
		"version: STSv1\nx-new_field.1: whatever: it is\nmode: enforce\nmx: a.example\nmax_age: 1",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_auto(sts_policy_auto) policy = {0};

		read_good(&policy, good[i]);
		assert_true(policy.max_age <= STS_AGE_MAX);
		assert_int_equal(policy.mode, i == 0 ? STS_NONE : STS_ENFORCE);
	}
}

/* Promise 1: what is not a policy is not one that asks for nothing. */
static void
text_that_is_no_policy_was_taken_for_one(void **state)
{
	static const char *const wrong[] = {
		"",
		"<html>Welcome</html>",
		"version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 1",
		"mode: enforce\nmx: a.example\nmax_age: 1",
		"version: STSv1\nmx: a.example\nmax_age: 1",
		"version: STSv1\nmode: enforce\nmx: a.example",
		"version: STSv1\nmode: enforce\nmax_age: 1",
		"version: STSv1\nmode: Enforce\nmx: a.example\nmax_age: 1",
		"version: STSv1\nmode: enforced\nmx: a.example\nmax_age: 1",
		"version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1",
		"version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 99999999999",
		"version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1d",
		"version: STSv1\nmode: enforce\nmx: \nmax_age: 1",
		"version: STSv1\nmode: enforce\nmx: a..example\nmax_age: 1",
		"version: STSv1\nmode: enforce\nmx: a.*.example\nmax_age: 1",
		"version: STSv1\nmode: enforce\nmx: *.\nmax_age: 1",
		"version: STSv1\nmode: enforce\nmx: *\nmax_age: 1",
		"version: STSv1\nmode: enforce\nmx: a b\nmax_age: 1",
		"version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1\nnonsense",
		"version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1\n: x",
	};
	static const char with_nul[] = "version: STSv1\nmode: none\nmax_age: 1\0\nmode: enforce";

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		expect_wrong(wrong[i], strlen(wrong[i]));
	expect_wrong(with_nul, sizeof with_nul - 1);
}

static void
policy_names_more_hosts_than_there_are(void **state)
{
	g_autoptr(GString) text = g_string_new("version: STSv1\nmode: enforce\nmax_age: 1\n");

	(void)state;
	for (int i = 0; i <= STS_POLICY_HOSTS_MAX; i++)
		g_string_append_printf(text, "mx: h%d.example\n", i);
	expect_wrong(text->str, text->len);
	g_string_set_size(text, STS_POLICY_BYTES_MAX + 1);
	memset(text->str, 'x', text->len);
	expect_wrong(text->str, text->len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(example_of_the_standard_is_read),
		cmocka_unit_test(star_stands_for_one_label),
		cmocka_unit_test(policies_in_other_forms_are_read),
		cmocka_unit_test(text_that_is_no_policy_was_taken_for_one),
		cmocka_unit_test(policy_names_more_hosts_than_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
