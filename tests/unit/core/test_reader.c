/* How a program calls postseal-reader, here replaced by reader_probes.c, and what it is told about
 * each failure. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/reader/reader.h"

enum { ASKERS = 8 };

static struct reader *
reader_with(unsigned processes)
{
	g_autoptr(settings_auto) settings = settings_new();

	settings->reader_processes = processes;
	settings->reader_timeout = 1;
	return reader_new(settings);
}

static int
start(void **state)
{
	*state = reader_with(2);
	return 0;
}

static int
stop(void **state)
{
	reader_free(*state);
	return 0;
}

static void
expect_fault(struct reader *reader, const char *format, const char *document, const char *why)
{
	struct fault fault;

	assert_null(reader_ask(reader, format, document, strlen(document), &fault));
	assert_int_equal(fault.cause, FAULT_INPUT);
	if (strstr(fault.text, why) == NULL)
		fail_msg("%s \"%s\": %s", format, document, fault.text);
}

static void
expect_echo(struct reader *reader)
{
	struct fault fault;
	g_autoptr(GBytes) answer = reader_ask(reader, "echo", "a\0b", 3, &fault);

	assert_non_null(answer);
	assert_int_equal(g_bytes_get_size(answer), 3);
	assert_memory_equal(g_bytes_get_data(answer, NULL), "a\0b", 3);
}

static void
test_each_failure_has_its_sentence(void **state)
{
	expect_fault(*state, "no such", "", "does not know");
	expect_fault(*state, "hoard", "", "too much memory");
	expect_fault(*state, "work", "", "too much work for its size");
	expect_fault(*state, "crash", "", "crashed");
	expect_fault(*state, "flood", "", "too large");
	expect_echo(*state);
}

/* A process that nothing else stops is ended by the caller after `reader timeout`. */
static void
test_document_that_never_ends_is_given_up(void **state)
{
	const gint64 begun = g_get_monotonic_time();

	expect_fault(*state, "wait", "", "took too long");
	assert_true(g_get_monotonic_time() - begun < 60 * G_USEC_PER_SEC);
	expect_echo(*state);
}

static void
test_document_over_the_limit_is_not_even_sent(void **state)
{
	g_autofree char *document = g_malloc0(READER_DOCUMENT_MAX + 1);
	struct fault fault;

	assert_null(reader_ask(*state, "echo", document, READER_DOCUMENT_MAX + 1, &fault));
	assert_int_equal(fault.cause, FAULT_INPUT);
}

/* --- formats that answer in pieces --- */

struct collecting {
	struct reader_taker taker;
	GString *text;
	size_t bytes;
	unsigned names, begun;
	bool stops;
};

static void
begin(struct reader_taker *taker)
{
	((struct collecting *)taker)->begun++;
}

static bool
collect(struct reader_taker *taker, enum reader_piece piece, const char *bytes, size_t length,
	struct fault *fault)
{
	struct collecting *collecting = (struct collecting *)taker;

	collecting->bytes += length;
	if (piece == READER_NAME)
		collecting->names++;
	else if (length < READER_PIECE_MAX)
		g_string_append_len(collecting->text, bytes, (gssize)length);
	return !collecting->stops || fault_set(fault, FAULT_STORAGE, "the disk is full");
}

static bool
take_pieces_until(struct reader *reader, const char *format, const char *document, gint64 until,
		  struct collecting *collecting, struct fault *fault)
{
	const struct spool_settings in_memory = {.memory_max = 100};
	g_autoptr(spool_auto) spool = spool_new(&in_memory);
	struct spool_part whole = {spool, 0, strlen(document)};

	assert_true(spool_append(spool, document, strlen(document), fault));
	return reader_take(reader, format, &whole, until, &collecting->taker, fault);
}

static bool
take_pieces(struct reader *reader, const char *format, const char *document,
	    struct collecting *collecting, struct fault *fault)
{
	return take_pieces_until(reader, format, document, G_MAXINT64, collecting, fault);
}

static void
test_what_came_before_a_refusal_counts(void **state)
{
	struct collecting found = {{begin, collect}, g_string_new(NULL)};
	struct fault fault;

	assert_true(take_pieces(*state, "pieces", "abc", &found, &fault));
	assert_int_equal(found.names, 1);
	assert_string_equal(found.text->str, "abc");
	assert_false(take_pieces(*state, "pieces", "defg", &found, &fault));
	assert_int_equal(fault.cause, FAULT_INPUT);
	assert_string_equal(found.text->str, "abcdefg");
	g_string_free(found.text, TRUE);
}

static void
test_pieces_end_at_a_limit(void **state)
{
	struct collecting found = {{begin, collect}, g_string_new(NULL)};
	struct fault fault;

	assert_false(take_pieces(*state, "flood of pieces", "", &found, &fault));
	assert_int_equal(fault.cause, FAULT_INPUT);
	assert_in_range(found.bytes, 1, READER_PIECES_MAX);
	g_string_free(found.text, TRUE);
}

/* Otherwise what could not be stored would look like what the document does not say. */
static void
test_fault_of_the_taker_is_no_fault_of_the_document(void **state)
{
	struct collecting found = {{begin, collect}, g_string_new(NULL), .stops = true};
	struct fault fault;

	assert_false(take_pieces(*state, "pieces", "abc", &found, &fault));
	assert_int_equal(fault.cause, FAULT_STORAGE);
	g_string_free(found.text, TRUE);
}

/* As the kernel does when memory is short. */
static void
kill_readers(void)
{
	g_autofree char *path = g_strdup_printf("/proc/self/task/%d/children", gettid());
	g_autofree char *pids = NULL;
	g_auto(GStrv) words = NULL;

	assert_true(g_file_get_contents(path, &pids, NULL, NULL));
	words = g_strsplit(pids, " ", -1);
	for (int i = 0; words[i] != NULL; i++)
		if (atoi(words[i]) > 0)
			kill(atoi(words[i]), SIGKILL);
}

static bool
kill_at_first(struct reader_taker *taker, enum reader_piece piece, const char *bytes, size_t length,
	      struct fault *fault)
{
	struct collecting *collecting = (struct collecting *)taker;

	(void)piece, (void)bytes, (void)length, (void)fault;
	if (collecting->names++ == 0)
		kill_readers();
	return true;
}

/* The document counted as opaque, and where such mail passes it left unread. Some processes are
 * faster than the one that kills them. */
static void
test_process_that_was_killed_was_held_against_its_document(void **state)
{
	bool is_hit = false;
	struct fault fault;

	for (int i = 0; i < 100 && !is_hit; i++) {
		struct collecting found = {{begin, kill_at_first}, NULL};

		assert_true(take_pieces(*state, "slow pieces", "", &found, &fault));
		is_hit = found.begun == 2;
		assert_int_equal(found.names, found.begun);
	}
	assert_true(is_hit);
}

#ifndef POSTSEAL_SANITIZED
static void
test_taken_over_parser_can_do_nothing(void **state)
{
	static const char *const calls[] = {"open",	   "socket", "execute",		"fork",
					    "kill",	   "trace",  "write elsewhere", "code",
					    "raise limits"};

	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++)
		expect_fault(*state, "call", calls[i], "crashed");
}

static void
test_memory_past_the_parser_has_a_limit_too(void **state)
{
	struct fault fault;
	g_autoptr(GBytes) answer = reader_ask(*state, "grab", "", 0, &fault);

	assert_non_null(answer);
	assert_memory_equal(g_bytes_get_data(answer, NULL), "went on, with 0", 15);
}
#endif

static void *
ask_and_wait(void *reader)
{
	struct fault fault;

	assert_null(reader_ask(reader, "wait", "", 0, &fault));
	return GINT_TO_POINTER(fault.cause == FAULT_OVERLOAD);
}

/* The wait for a free process is limited, and is distinguished from what a document did: a single
 * process that takes a second for each document cannot serve this many callers, each of whom waits
 * for five seconds at most. */
static void
test_wait_for_a_process_ends_with_busy(void **state)
{
	struct reader *one = reader_with(1);
	GThread *threads[ASKERS];
	int busy = 0;

	(void)state;
	for (int i = 0; i < ASKERS; i++)
		threads[i] = g_thread_new("asker", ask_and_wait, one);
	for (int i = 0; i < ASKERS; i++)
		busy += GPOINTER_TO_INT(g_thread_join(threads[i]));
	assert_in_range(busy, 1, ASKERS - 1);
	expect_echo(one);
	reader_free(one);
}

/* The wait for a process was five seconds, whatever the caller's deadline: longer, or less. */
static void
test_wait_for_a_process_did_not_end_with_the_deadline(void **state)
{
	struct reader *one = reader_with(1);
	struct collecting early = {{begin, collect}, g_string_new(NULL)},
			  late = {{begin, collect}, g_string_new(NULL)};
	GThread *threads[ASKERS];
	struct fault fault;
	gint64 begun;

	(void)state;
	for (int i = 0; i < ASKERS; i++)
		threads[i] = g_thread_new("asker", ask_and_wait, one);
	do /* until the askers are there */
		begun = g_get_monotonic_time();
	while (take_pieces_until(one, "pieces", "abc", begun + G_USEC_PER_SEC / 10, &early,
				 &fault));
	assert_int_equal(fault.cause, FAULT_OVERLOAD);
	assert_true(g_get_monotonic_time() - begun < 3 * G_USEC_PER_SEC);
	assert_true(take_pieces_until(one, "pieces", "abc", begun + 60 * G_USEC_PER_SEC, &late,
				      &fault));
	assert_string_equal(late.text->str, "abc");
	for (int i = 0; i < ASKERS; i++)
		g_thread_join(threads[i]);
	g_string_free(early.text, TRUE);
	g_string_free(late.text, TRUE);
	reader_free(one);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_failure_has_its_sentence, start, stop),
		cmocka_unit_test_setup_teardown(test_document_that_never_ends_is_given_up, start,
						stop),
		cmocka_unit_test_setup_teardown(test_document_over_the_limit_is_not_even_sent,
						start, stop),
		cmocka_unit_test_setup_teardown(test_what_came_before_a_refusal_counts, start,
						stop),
		cmocka_unit_test_setup_teardown(test_pieces_end_at_a_limit, start, stop),
		cmocka_unit_test_setup_teardown(
			test_process_that_was_killed_was_held_against_its_document, start, stop),
		cmocka_unit_test_setup_teardown(test_fault_of_the_taker_is_no_fault_of_the_document,
						start, stop),
#ifndef POSTSEAL_SANITIZED
		cmocka_unit_test_setup_teardown(test_taken_over_parser_can_do_nothing, start, stop),
		cmocka_unit_test_setup_teardown(test_memory_past_the_parser_has_a_limit_too, start,
						stop),
#endif
		cmocka_unit_test(test_wait_for_a_process_ends_with_busy),
		cmocka_unit_test(test_wait_for_a_process_did_not_end_with_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
