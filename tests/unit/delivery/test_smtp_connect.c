/* A server listens but accepts no connection: the courier does not wait for ever. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "delivery/courier/smtp_connect.h"

enum { FULL_MAX = 16, LIMIT_SECONDS = 1, ALARM_SECONDS = 60 };

struct full {
	int listening;
	int clients[FULL_MAX];
};

/* A listen queue that is full; *address then says where it is. */
static void
fill(struct full *full, int family, struct sockaddr *address, socklen_t length)
{
	full->listening = socket(family, SOCK_STREAM, 0);
	assert_int_equal(bind(full->listening, address, length), 0);
	assert_int_equal(listen(full->listening, 0), 0);
	assert_int_equal(getsockname(full->listening, address, &length), 0);
	for (int i = 0; i < FULL_MAX; i++) {
		full->clients[i] = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(full->clients[i], address, length);
	}
}

static void
empty(struct full *full)
{
	for (int i = 0; i < FULL_MAX; i++)
		close(full->clients[i]);
	close(full->listening);
}

/* SIGALRM ends a test that hangs. */
static void
assert_gives_up(const char *url)
{
	const struct smtp_peer peer = {
		.url = url, .user = "root", .timeout_seconds = LIMIT_SECONDS};
	struct fault fault;

	alarm(ALARM_SECONDS);
	assert_int_equal(smtp_connect(&peer, &fault), -1);
	alarm(0);
	assert_non_null(strstr(fault.text, url));
	assert_non_null(strstr(fault.text, "Connection timed out"));
}

static void
full_unix_socket_is_given_up(void **state)
{
	g_autofree char *directory = g_dir_make_tmp("postseal-connect-XXXXXX", NULL);
	g_autofree char *url = g_strdup_printf("unix:%s/mta", directory);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct full full;

	(void)state;
	g_strlcpy(address.sun_path, url + strlen("unix:"), sizeof address.sun_path);
	fill(&full, AF_UNIX, (struct sockaddr *)&address, sizeof address);
	assert_gives_up(url);
	empty(&full);
	g_unlink(url + strlen("unix:"));
	g_rmdir(directory);
}

static void
full_port_is_given_up(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	g_autofree char *url = NULL;
	struct full full;

	(void)state;
	fill(&full, AF_INET, (struct sockaddr *)&address, sizeof address);
	url = g_strdup_printf("smtp://127.0.0.1:%u", ntohs(address.sin_port));
	assert_gives_up(url);
	empty(&full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_unix_socket_is_given_up),
		cmocka_unit_test(full_port_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
