/* A connection on which a byte arrives now and then is not silent, and was kept open for ever. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "portal/web/deadline.h"

enum { SOON = 10 * 1000, HOUR = 3600 };

static bool
is_ended(int socket, int milliseconds)
{
	struct pollfd watched = {.fd = socket, .events = POLLIN};
	char byte;

	return poll(&watched, 1, milliseconds) == 1 && read(socket, &byte, 1) == 0;
}

static gint64
in_seconds(int seconds)
{
	return g_get_monotonic_time() + seconds * (gint64)G_TIME_SPAN_SECOND;
}

static void
those_beyond_their_deadline_are_shut_down_and_no_others(void **state)
{
	struct deadlines *deadlines = deadlines_new(METRIC_PORTAL_CUT);
	struct deadline *watched[3];
	int pairs[3][2];

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
		watched[i] = deadline_add(deadlines, pairs[i][0]);
		deadline_set(watched[i], in_seconds(i == 1 ? 1 : HOUR));
	}
	deadline_set(watched[2], 0);
	assert_true(is_ended(pairs[1][1], SOON));
	assert_false(is_ended(pairs[0][1], 0));
	assert_false(is_ended(pairs[2][1], 0));
	deadline_set(watched[0], in_seconds(0));
	assert_true(is_ended(pairs[0][1], SOON));
	assert_int_equal(write(pairs[2][0], "x", 1), 1);
	for (int i = 0; i < 3; i++) {
		deadline_remove(watched[i]);
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
	deadlines_free(deadlines);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_beyond_their_deadline_are_shut_down_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
