/* Which mails Postfix accepted in its sessions: all of one, or none that is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "delivery/courier/mta_sessions.h"

/* `wanted`: queue IDs, separated by blanks; "": none. */
static void
expect_end(struct mta_sessions *sessions, const char *process, unsigned accepted,
	   const char *wanted)
{
	g_autoptr(GPtrArray) mails = mta_sessions_end(sessions, process, accepted);
	g_autoptr(GString) found = g_string_new(NULL);

	for (guint i = 0; mails != NULL && i < mails->len; i++)
		g_string_append_printf(found, "%s%s", i == 0 ? "" : " ",
				       (const char *)g_ptr_array_index(mails, i));
	assert_string_equal(found->str, wanted);
}

static void
test_sessions_of_processes_are_apart(void **state)
{
	struct mta_sessions *sessions = mta_sessions_new();

	(void)state;
	mta_sessions_begin(sessions, "smtpd[1]", "A1");
	mta_sessions_begin(sessions, "smtpd[2]", "B1");
	mta_sessions_begin(sessions, "smtpd[1]", "A2");
	expect_end(sessions, "smtpd[2]", 1, "B1");
	expect_end(sessions, "smtpd[1]", 2, "A1 A2");
	expect_end(sessions, "smtpd[1]", 1, "");
	expect_end(sessions, "smtpd[3]", 0, "");
	mta_sessions_free(sessions);
}

/* One that was reset before its content, or refused: which of them was accepted is not known. */
static void
test_session_with_another_count_says_nothing_and_ends(void **state)
{
	struct mta_sessions *sessions = mta_sessions_new();

	(void)state;
	mta_sessions_begin(sessions, "smtpd[1]", "A1");
	mta_sessions_begin(sessions, "smtpd[1]", "A2");
	expect_end(sessions, "smtpd[1]", 1, "");
	mta_sessions_begin(sessions, "smtpd[1]", "A3");
	expect_end(sessions, "smtpd[1]", 0, "");
	mta_sessions_begin(sessions, "smtpd[1]", "A4");
	expect_end(sessions, "smtpd[1]", 1, "A4");
	mta_sessions_free(sessions);
}

static void
test_lines_that_are_read_again_count_once(void **state)
{
	struct mta_sessions *sessions = mta_sessions_new();

	(void)state;
	mta_sessions_begin(sessions, "smtpd[1]", "A1");
	mta_sessions_forget(sessions);
	mta_sessions_begin(sessions, "smtpd[1]", "A1");
	expect_end(sessions, "smtpd[1]", 1, "A1");
	mta_sessions_free(sessions);
}

/* Whoever begins mails and never ends costs a bounded amount. */
static void
test_what_never_ends_is_forgotten(void **state)
{
	struct mta_sessions *sessions = mta_sessions_new();

	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		mta_sessions_begin(sessions, "smtpd[1]", "A1");
	expect_end(sessions, "smtpd[1]", 2000, "");
	for (unsigned i = 0; i < 10000; i++) {
		g_autofree char *process = g_strdup_printf("smtpd[%u]", i);

		mta_sessions_begin(sessions, process, "A1");
	}
	expect_end(sessions, "smtpd[0]", 1, "");
	expect_end(sessions, "smtpd[9999]", 1, "A1");
	mta_sessions_free(sessions);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions_of_processes_are_apart),
		cmocka_unit_test(test_session_with_another_count_says_nothing_and_ends),
		cmocka_unit_test(test_lines_that_are_read_again_count_once),
		cmocka_unit_test(test_what_never_ends_is_forgotten),
	};

	return cmocka_run_group_tests_name("sessions of the MTA", tests, NULL, NULL);
}
