/* Who may approve a message that a rule holds: nobody by whom it could be their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <gmime/gmime.h>

#include "delivery/plan.h"

static const struct spool_settings spool = {.directory = "/tmp", .memory_max = 65536};

static struct policy *
policy_with(const char *sign)
{
	static const struct policy_method ways[] = {{"plain", true, false}, {NULL}};
	g_autofree char *logins = NULL, *path = NULL, *text = NULL;
	struct policy *policy;

	close(g_file_open_tmp("logins.XXXXXX", &logins, NULL));
	close(g_file_open_tmp("policy.XXXXXX", &path, NULL));
	assert_true(g_file_set_contents(logins, "u17 otto@example.com\n", -1, NULL));
	text = g_strdup_printf("organisation \"Example\"\ndomains { \"example.com\" }\n"
			       "database \"postgresql:///postseal\"\n"
			       "portal listen \"127.0.0.1:8025\" url \"https://x.example\"\n"
			       "sign \"%s\" logins \"%s\"\notherwise deliver plain\n",
			       sign, logins);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	policy = policy_read(path, ways);
	unlink(path);
	unlink(logins);
	assert_non_null(policy);
	return policy;
}

/* May otto@example.com approve what this login sends as another address? */
static bool
may_approve(struct policy *policy, const char *login, const char *sender, const char *from)
{
	g_autoptr(message_auto) message = message_new(&spool);
	g_autofree char *path = g_strdup_printf("<%s>", sender);
	const struct delivery_context delivery = {.settings = policy_settings(policy),
						  .policy = policy,
						  .message = message,
						  .from = from};
	struct fault fault;

	assert_true(message_set_sender(message, &(struct envelope_argument){.path = path}, &fault));
	message->authenticated = g_strdup(login);
	return plan_may_approve(&delivery, "otto@example.com");
}

/* With `sign "mta"`, a login that is not spelled like the address was somebody else's: by an alias
 * of their own, officers approved what they had sent. */
static void
test_officer_approved_their_own_message_sent_as_an_alias(void **state)
{
	static const char *const signs[] = {"mta", "login", "any"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(signs); i++) {
		g_autoptr(policy_auto) policy = policy_with(signs[i]);

		assert_false(may_approve(policy, "otto", "ob@example.com", "ob@example.com"));
		assert_false(may_approve(policy, "Otto@Example.com", "ob@example.com", NULL));
		assert_false(may_approve(policy, "u17", "ob@example.com", NULL));
		assert_false(may_approve(policy, NULL, "otto@example.com", NULL));
		assert_false(may_approve(policy, "anna", "anna@example.com", "otto@example.com"));
		assert_true(may_approve(policy, "anna", "anna@example.com", "anna@example.com"));
		assert_true(may_approve(policy, "ott", "anna@example.com", "anna@example.com"));
		assert_true(may_approve(policy, NULL, "anna@example.com", "anna@example.com"));
	}
}

/* The link to release went to their address without the +. */
static void
test_officer_approved_their_own_message_sent_with_a_plus(void **state)
{
	g_autoptr(policy_auto) policy = policy_with("any");

	(void)state;
	assert_false(may_approve(policy, NULL, "otto+x@example.com", "otto+x@example.com"));
	assert_false(may_approve(policy, NULL, "anna@example.com", "otto+y@example.com"));
	assert_true(may_approve(policy, NULL, "ottob+x@example.com", "anna@example.com"));
	assert_true(may_approve(policy, NULL, "otto@example.org", "otto@example.org"));
	assert_true(may_approve(policy, NULL, "+otto@example.com", "+otto@example.com"));
}

/* Of several authors, none was known, so that each of them could approve. */
static void
test_officer_approved_what_they_wrote_with_others(void **state)
{
	static const char *const fields[][2] = {
		{"From", " Anna <anna@example.com>, Otto <otto@example.com>"},
		{"From", " Both: anna@example.com, Otto+x@Example.com;"},
		{"Sender", " otto@example.com"},
		{"Resent-From", " otto@example.com"},
	};
	g_autoptr(policy_auto) policy = policy_with("any");

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		g_autoptr(message_auto) message = message_new(&spool);
		const struct delivery_context delivery = {
			.settings = policy_settings(policy), .policy = policy, .message = message};
		struct fault fault;

		assert_true(message_set_sender(
			message, &(struct envelope_argument){.path = (char *)"<anna@example.com>"},
			&fault));
		message_add_field(message, "From", " Anna <anna@example.com>");
		assert_true(plan_may_approve(&delivery, "otto@example.com"));
		message_add_field(message, fields[i][0], fields[i][1]);
		assert_false(plan_may_approve(&delivery, "otto@example.com"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_officer_approved_their_own_message_sent_as_an_alias),
		cmocka_unit_test(test_officer_approved_their_own_message_sent_with_a_plus),
		cmocka_unit_test(test_officer_approved_what_they_wrote_with_others),
	};

	g_mime_init();
	return cmocka_run_group_tests_name("who may approve", tests, NULL, NULL);
}
