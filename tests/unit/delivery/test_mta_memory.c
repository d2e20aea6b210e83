/* What lines of the MTA's log said that later lines need; of a session, all mails were accepted, or
 * none that is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "delivery/courier/mta_memory.h"

/* `wanted`: queue IDs, separated by blanks; "": none. */
static void
expect_end(struct mta_memory *memory, const char *process, unsigned accepted, const char *wanted)
{
	g_autoptr(GPtrArray) mails = mta_memory_end(memory, process, accepted);
	g_autoptr(GString) found = g_string_new(NULL);

	for (guint i = 0; mails != NULL && i < mails->len; i++)
		g_string_append_printf(found, "%s%s", i == 0 ? "" : " ",
				       (const char *)g_ptr_array_index(mails, i));
	assert_string_equal(found->str, wanted);
}

static void
test_sessions_of_processes_are_apart(void **state)
{
	struct mta_memory *memory = mta_memory_new();

	(void)state;
	mta_memory_begin(memory, "smtpd[1]", "A1");
	mta_memory_begin(memory, "smtpd[2]", "B1");
	mta_memory_begin(memory, "smtpd[1]", "A2");
	expect_end(memory, "smtpd[2]", 1, "B1");
	expect_end(memory, "smtpd[1]", 2, "A1 A2");
	expect_end(memory, "smtpd[1]", 1, "");
	expect_end(memory, "smtpd[3]", 0, "");
	mta_memory_free(memory);
}

/* One that was reset before its content, or refused: which of them was accepted is not known. */
static void
test_session_with_another_count_says_nothing_and_ends(void **state)
{
	struct mta_memory *memory = mta_memory_new();

	(void)state;
	mta_memory_begin(memory, "smtpd[1]", "A1");
	mta_memory_begin(memory, "smtpd[1]", "A2");
	expect_end(memory, "smtpd[1]", 1, "");
	mta_memory_begin(memory, "smtpd[1]", "A3");
	expect_end(memory, "smtpd[1]", 0, "");
	mta_memory_begin(memory, "smtpd[1]", "A4");
	expect_end(memory, "smtpd[1]", 1, "A4");
	mta_memory_free(memory);
}

/* By the courier that reads on. */
static struct mta_memory *
recall(const struct mta_memory *memory)
{
	g_autoptr(GPtrArray) words = mta_memory_words(memory);
	struct mta_memory *recalled = mta_memory_new();

	mta_memory_begin(recalled, "smtpd[9]", "Z9"); /* what it knew itself does not count */
	mta_memory_set_ident(recalled, "Z9", "Z8");
	mta_memory_set_tls(recalled, "smtp[9]", "mx.example[192.0.2.9]:25", "of another time");
	mta_memory_recall(recalled, words);
	return recalled;
}

static void
expect_ident(struct mta_memory *memory, const char *queue_id, const char *wanted)
{
	g_autofree char *ident = mta_memory_take_ident(memory, queue_id);

	assert_string_equal(ident == NULL ? "" : ident, wanted);
}

static void
expect_tls(struct mta_memory *memory, const char *process, const char *relay, const char *queue_id,
	   const char *wanted)
{
	const char *how = mta_memory_tls(memory, process, relay, queue_id);

	assert_string_equal(how == NULL ? "" : how, wanted);
}

static void
test_next_courier_knows_what_this_one_read(void **state)
{
	static const char mx[] = "mx.example[192.0.2.1]:25";
	struct mta_memory *memory = mta_memory_new(), *recalled;

	(void)state;
	mta_memory_begin(memory, "smtpd[1]", "A1");
	mta_memory_begin(memory, "smtpd[1]", "A2");
	mta_memory_set_ident(memory, "A1", "B \"\\1");
	mta_memory_set_tls(memory, "smtp[2]", mx, "verified TLSv1.3");
	mta_memory_set_tls(memory, "smtp[3]", mx, "trusted TLSv1.2");
	expect_tls(memory, "smtp[3]", mx, "A1", "trusted TLSv1.2");
	recalled = recall(memory);
	mta_memory_free(memory);
	expect_end(recalled, "smtpd[9]", 1, "");
	expect_end(recalled, "smtpd[1]", 2, "A1 A2");
	expect_ident(recalled, "Z9", "");
	expect_ident(recalled, "A1", "B \"\\1");
	expect_ident(recalled, "A1", ""); /* once it is known that the MTA has it */
	expect_tls(recalled, "smtp[9]", "mx.example[192.0.2.9]:25", "A1", "");
	expect_tls(recalled, "smtp[2]", mx, "A1", "verified TLSv1.3");
	expect_tls(recalled, "smtp[2]", mx, "A1", "verified TLSv1.3");
	expect_tls(recalled, "smtp[2]", mx, "A2", ""); /* of its next connection nothing was said */
	expect_tls(recalled, "smtp[3]", mx, "A2", "");
	mta_memory_free(recalled);
}

static guint
count_words(const struct mta_memory *memory)
{
	g_autoptr(GPtrArray) words = mta_memory_words(memory);

	return words->len;
}

static void
test_what_no_line_needs_any_more_is_not_kept(void **state)
{
	struct mta_memory *memory = mta_memory_new();

	(void)state;
	mta_memory_set_tls(memory, "smtp[1]", "a.example[192.0.2.1]:25", "trusted TLSv1.3");
	mta_memory_set_tls(memory, "smtp[12]", "a.example[192.0.2.1]:25", "trusted TLSv1.3");
	mta_memory_set_tls(memory, "smtp[1]", "b.example[192.0.2.2]:25", "trusted TLSv1.2");
	expect_tls(memory, "smtp[1]", "a.example[192.0.2.1]:25", "A1", "");
	expect_tls(memory, "smtp[1]", "b.example[192.0.2.2]:25", "A1", "trusted TLSv1.2");
	expect_tls(memory, "smtp[12]", "a.example[192.0.2.1]:25", "A2", "trusted TLSv1.3");
	mta_memory_set_ident(memory, "A1", "B1");
	mta_memory_remove(memory, "A1");
	expect_ident(memory, "A1", "");
	expect_tls(memory, "smtp[1]", "b.example[192.0.2.2]:25", "A1", "");
	mta_memory_remove(memory, "A2");
	assert_int_equal(count_words(memory), 0);
	mta_memory_free(memory);
}

/* Whoever begins mails and never ends costs a bounded amount. */
static void
test_what_never_ends_is_forgotten(void **state)
{
	struct mta_memory *memory = mta_memory_new();

	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		mta_memory_begin(memory, "smtpd[1]", "A1");
	expect_end(memory, "smtpd[1]", 2000, "");
	for (unsigned i = 0; i < 10000; i++) {
		g_autofree char *process = g_strdup_printf("smtpd[%u]", i);

		mta_memory_begin(memory, process, "A1");
	}
	expect_end(memory, "smtpd[0]", 1, "");
	expect_end(memory, "smtpd[9999]", 1, "A1");
	for (unsigned i = 0; i < 10000; i++) {
		g_autofree char *process = g_strdup_printf("smtp[%u]", i);

		mta_memory_set_ident(memory, process, "B1");
		mta_memory_set_tls(memory, process, "mx.example[192.0.2.1]:25", "trusted TLSv1.3");
	}
	expect_ident(memory, "smtp[9999]", "B1");
	for (unsigned i = 9500; i < 10000; i++) {
		g_autofree char *process = g_strdup_printf("smtp[%u]", i);

		expect_tls(memory, process, "mx.example[192.0.2.1]:25", "A1", "trusted TLSv1.3");
	}
	assert_in_range(count_words(memory), 4 * 500, 4 * 10000);
	mta_memory_free(memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions_of_processes_are_apart),
		cmocka_unit_test(test_session_with_another_count_says_nothing_and_ends),
		cmocka_unit_test(test_next_courier_knows_what_this_one_read),
		cmocka_unit_test(test_what_no_line_needs_any_more_is_not_kept),
		cmocka_unit_test(test_what_never_ends_is_forgotten),
	};

	return cmocka_run_group_tests_name("what was read in the log of the MTA", tests, NULL,
					   NULL);
}
