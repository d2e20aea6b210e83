/* The finder's socket, from both ends: neither trusts the other. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/transfer.h"
#include "keystore/finder/protocol.h"
#include "keystore/finder/server.h"

enum { SECOND = G_USEC_PER_SEC };

static char *directory, *path;
static struct fault fault;

static int
make_directory(void **state)
{
	(void)state;
	directory = g_dir_make_tmp("finder.XXXXXX", NULL);
	path = g_build_filename(directory, "finder.sock", NULL);
	return directory == NULL ? -1 : 0;
}

static int
remove_directory(void **state)
{
	(void)state;
	unlink(path);
	rmdir(directory);
	g_free(path);
	g_free(directory);
	return 0;
}

/* --- a finder that does as a test says --- */

struct pretender {
	int listener;
	void (*serve)(int fd);
	GThread *thread;
};

static gpointer
pretend(gpointer data)
{
	struct pretender *pretender = data;
	int fd = accept(pretender->listener, NULL, NULL);

	pretender->serve(fd);
	close(fd);
	return NULL;
}

static void
pretender_begin(struct pretender *pretender, void (*serve)(int fd))
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	unlink(path);
	g_strlcpy(address.sun_path, path, sizeof address.sun_path);
	pretender->serve = serve;
	pretender->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(pretender->listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(pretender->listener, 5), 0);
	pretender->thread = g_thread_new("pretender", pretend, pretender);
}

static void
pretender_end(struct pretender *pretender)
{
	g_thread_join(pretender->thread);
	close(pretender->listener);
}

static void
send_answer(int fd, uint32_t number, const struct finder_answer *answer)
{
	g_autoptr(GByteArray) frame = g_byte_array_new();

	finder_put_answer(frame, number, answer);
	assert_true(transfer_send(fd, frame->data, frame->len, TRANSFER_FOREVER));
}

static void
wait_for_the_end(int fd)
{
	char byte;

	while (read(fd, &byte, 1) > 0)
		;
}

/* Asks two questions of whatever serves. */
static bool
ask_two(void (*serve)(int fd), gint64 microseconds, struct finder_answer *answers)
{
	const struct finder_question questions[] = {
		{.wish = FINDER_WKD, .subject = "joe@example.com"},
		{.wish = FINDER_WKD, .subject = "ann@example.com"}};
	struct pretender pretender;
	bool reached;

	pretender_begin(&pretender, serve);
	reached = finder_ask(path, questions, 2, g_get_monotonic_time() + microseconds, answers,
			     &fault);
	pretender_end(&pretender);
	return reached;
}

static void
clear_two(struct finder_answer *answers)
{
	finder_answer_clear(&answers[0]);
	finder_answer_clear(&answers[1]);
}

/* --- answers --- */

static void
answer_the_second_first(int fd)
{
	static const struct finder_answer nothing = {.outcome = FINDER_NOTHING,
						     .why = (char *)"no"};
	struct finder_answer found = {.outcome = FINDER_FOUND,
				      .lifetime = 60,
				      .secure = true,
				      .place = (char *)"https://example.com/x"};

	found.items = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_ptr_array_add(found.items, g_bytes_new_static("one", 3));
	g_ptr_array_add(found.items, g_bytes_new_static("", 0));
	g_ptr_array_add(found.items, g_bytes_new_static("\0\377", 2));
	send_answer(fd, 1, &found);
	send_answer(fd, 0, &nothing);
	g_ptr_array_unref(found.items);
	wait_for_the_end(fd);
}

static void
answers_in_another_order_reach_their_questions(void **state)
{
	struct finder_answer answers[2];
	GBytes *third;

	(void)state;
	assert_true(ask_two(answer_the_second_first, 20 * SECOND, answers));
	assert_int_equal(answers[0].outcome, FINDER_NOTHING);
	assert_string_equal(answers[0].why, "no");
	assert_int_equal(answers[0].items->len, 0);
	assert_int_equal(answers[1].outcome, FINDER_FOUND);
	assert_int_equal(answers[1].lifetime, 60);
	assert_true(answers[1].secure);
	assert_string_equal(answers[1].place, "https://example.com/x");
	assert_null(answers[1].why);
	assert_int_equal(answers[1].items->len, 3);
	third = g_ptr_array_index(answers[1].items, 2);
	assert_int_equal(g_bytes_get_size(third), 2);
	assert_memory_equal(g_bytes_get_data(third, NULL), "\0\377", 2);
	clear_two(answers);
}

static void
answer_one_and_die(int fd)
{
	static const struct finder_answer nothing = {.outcome = FINDER_NOTHING,
						     .why = (char *)"no"};

	send_answer(fd, 0, &nothing);
}

static void
finder_that_dies_fails_only_what_was_open(void **state)
{
	struct finder_answer answers[2];

	(void)state;
	assert_true(ask_two(answer_one_and_die, 20 * SECOND, answers));
	assert_int_equal(answers[0].outcome, FINDER_NOTHING);
	assert_int_equal(answers[1].outcome, FINDER_FAILED);
	assert_string_equal(answers[1].why, "postseal-finder ended before it answered");
	clear_two(answers);
}

static void
finder_that_is_slow_fails_in_time(void **state)
{
	struct finder_answer answers[2];
	gint64 begun = g_get_monotonic_time();

	(void)state;
	assert_true(ask_two(wait_for_the_end, SECOND / 5, answers));
	assert_true(g_get_monotonic_time() - begun < 20 * SECOND);
	assert_int_equal(answers[0].outcome, FINDER_FAILED);
	assert_string_equal(answers[1].why, "there was no answer in time");
	clear_two(answers);
}

static void
answer_what_was_not_asked(int fd)
{
	static const struct finder_answer nothing = {.outcome = FINDER_NOTHING,
						     .why = (char *)"no"};

	send_answer(fd, 2, &nothing);
	wait_for_the_end(fd);
}

static void
answer_twice(int fd)
{
	static const struct finder_answer nothing = {.outcome = FINDER_NOTHING,
						     .why = (char *)"no"};

	send_answer(fd, 1, &nothing);
	send_answer(fd, 1, &nothing);
	wait_for_the_end(fd);
}

/* Promises five gigabytes. */
static void
announce_too_much(int fd)
{
	const uint32_t words[] = {0, FINDER_FOUND, 0, 0, 0, 0, 2, 0x90000000, 0x90000000};

	assert_true(transfer_send(fd, words, sizeof words, TRANSFER_FOREVER));
	wait_for_the_end(fd);
}

static void
answer_garbage(int fd)
{
	assert_true(
		transfer_send(fd, "HTTP/1.1 400 Bad Request\r\n\r\n ... ", 32, TRANSFER_FOREVER));
	wait_for_the_end(fd);
}

/* Promise 1: a finder that was taken over cannot make its asker wait, read for ever or take one
 * answer for another. */
static void
finder_that_lies_is_not_listened_to(void **state)
{
	void (*const lies[])(int fd) = {answer_what_was_not_asked, answer_twice, announce_too_much,
					answer_garbage};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
		struct finder_answer answers[2];

		assert_true(ask_two(lies[i], 60 * SECOND, answers));
		assert_int_equal(answers[0].outcome, FINDER_FAILED);
		assert_string_equal(answers[0].why,
				    "postseal-finder does not keep to its protocol");
		clear_two(answers);
	}
}

static void
answer_with_control_characters(int fd)
{
	static const struct finder_answer forged = {
		.outcome = FINDER_NOTHING, .why = (char *)"no\nNov 26 postseal: all is well\xff"};

	send_answer(fd, 0, &forged);
}

static void
answer_cannot_forge_a_line_of_the_log(void **state)
{
	struct finder_answer answers[2];

	(void)state;
	assert_true(ask_two(answer_with_control_characters, 20 * SECOND, answers));
	assert_string_equal(answers[0].why, "no?Nov 26 postseal: all is well\xef\xbf\xbd");
	clear_two(answers);
}

static void
more_than_an_answer_can_hold_has_failed(void **state)
{
	g_autoptr(GByteArray) frame = g_byte_array_new();
	struct finder_answer answer = {.outcome = FINDER_FOUND}, taken;
	uint32_t number;
	size_t used;

	(void)state;
	answer.items = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	for (int i = 0; i < 5; i++)
		g_ptr_array_add(answer.items,
				g_bytes_new_take(g_malloc0(1024 * 1024), 1024 * 1024));
	finder_put_answer(frame, 7, &answer);
	assert_int_equal(finder_take_answer(frame->data, frame->len, &number, &taken, &used),
			 FINDER_FRAME_COMPLETE);
	assert_int_equal(number, 7);
	assert_int_equal(taken.outcome, FINDER_FAILED);
	finder_answer_clear(&taken);
	finder_answer_clear(&answer);
}

static void
finder_that_is_down_is_a_fault(void **state)
{
	struct finder_answer answers[1];
	const struct finder_question question = {.wish = FINDER_WKD, .subject = "joe@example.com"};

	(void)state;
	unlink(path);
	assert_false(
		finder_ask(path, &question, 1, g_get_monotonic_time() + SECOND, answers, &fault));
	assert_int_equal(answers[0].outcome, FINDER_FAILED);
	assert_non_null(strstr(fault.text, "No such file"));
	finder_answer_clear(&answers[0]);
}

/* --- the program's end --- */

static struct server *server;

static gpointer
serve(gpointer unused)
{
	(void)unused;
	server_run(server);
	return NULL;
}

static int
start_server(void **state)
{
	struct settings *settings = settings_new();

	g_free(settings->finder_socket);
	settings->finder_socket = g_strdup(path);
	server = server_new(settings, &fault);
	*state = settings;
	return server == NULL ? -1 : 0;
}

static int
free_server(void **state)
{
	server_free(server);
	settings_free(*state);
	return 0;
}

static int
connect_to_server(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	g_strlcpy(address.sun_path, path, sizeof address.sun_path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void
asker_that_does_not_keep_to_the_protocol_delays_nobody(void **state)
{
	const uint32_t wish[] = {0, 1000, FINDER_WISHES, 0, 0};
	const uint32_t length[] = {0, 1000, FINDER_PING, FINDER_SUBJECT_MAX + 1, 0};
	GThread *thread = g_thread_new("server", serve, NULL);
	int silent = connect_to_server(), half = connect_to_server(), wrong = connect_to_server(),
	    huge = connect_to_server();

	(void)state;
	assert_true(transfer_send(half, wish, 6, TRANSFER_FOREVER));
	assert_true(transfer_send(wrong, wish, sizeof wish, TRANSFER_FOREVER));
	assert_true(transfer_send(huge, length, sizeof length, TRANSFER_FOREVER));
	wait_for_the_end(wrong);
	wait_for_the_end(huge);
	assert_true(finder_ping(path, &fault));
	server_stop(server);
	g_thread_join(thread);
	close(silent);
	close(half);
	close(wrong);
	close(huge);
}

static void
thousands_of_questions_of_one_asker_are_all_answered(void **state)
{
	enum { COUNT = 5000 };
	g_autofree struct finder_question *questions = g_new0(struct finder_question, COUNT);
	g_autofree struct finder_answer *answers = g_new0(struct finder_answer, COUNT);
	GThread *thread = g_thread_new("server", serve, NULL);

	(void)state;
	for (int i = 0; i < COUNT; i++)
		questions[i].subject = "";
	assert_true(finder_ask(path, questions, COUNT, g_get_monotonic_time() + 60 * SECOND,
			       answers, &fault));
	for (int i = 0; i < COUNT; i++) {
		assert_int_equal(answers[i].outcome, FINDER_NOTHING);
		finder_answer_clear(&answers[i]);
	}
	server_stop(server);
	g_thread_join(thread);
}

static void
socket_is_for_user_and_group(void **state)
{
	GStatBuf status;

	(void)state;
	assert_int_equal(g_stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0660);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_in_another_order_reach_their_questions),
		cmocka_unit_test(finder_that_dies_fails_only_what_was_open),
		cmocka_unit_test(finder_that_is_slow_fails_in_time),
		cmocka_unit_test(finder_that_lies_is_not_listened_to),
		cmocka_unit_test(answer_cannot_forge_a_line_of_the_log),
		cmocka_unit_test(more_than_an_answer_can_hold_has_failed),
		cmocka_unit_test(finder_that_is_down_is_a_fault),
		cmocka_unit_test_setup_teardown(
			asker_that_does_not_keep_to_the_protocol_delays_nobody, start_server,
			free_server),
		cmocka_unit_test_setup_teardown(
			thousands_of_questions_of_one_asker_are_all_answered, start_server,
			free_server),
		cmocka_unit_test_setup_teardown(socket_is_for_user_and_group, start_server,
						free_server),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
