/* Who has not signed in keeps nobody else out, with however many networks. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "portal/pop/strangers.h"

enum { NETWORK_MAX = 2, ALL_MAX = 6, CLIENTS = 12 };

struct clients {
	struct strangers *strangers;
	int ours[CLIENTS], theirs[CLIENTS];
};

static int
begin(void **state)
{
	static struct clients clients;
	int pair[2];

	for (int i = 0; i < CLIENTS; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
			return -1;
		clients.ours[i] = pair[0];
		clients.theirs[i] = pair[1];
	}
	clients.strangers = strangers_new(NETWORK_MAX, ALL_MAX);
	*state = &clients;
	return 0;
}

static int
end(void **state)
{
	struct clients *clients = *state;

	strangers_free(clients->strangers);
	for (int i = 0; i < CLIENTS; i++) {
		close(clients->ours[i]);
		close(clients->theirs[i]);
	}
	return 0;
}

static bool
come(const struct clients *clients, int client, const char *network, const char *region)
{
	return strangers_add(clients->strangers, clients->ours[client], network, region);
}

static bool
is_shut(const struct clients *clients, int client)
{
	struct pollfd peer = {.fd = clients->theirs[client], .events = POLLIN};
	char byte;

	return poll(&peer, 1, 0) == 1 && read(peer.fd, &byte, 1) == 0;
}

/* One has as many networks as they like, all of one region. */
static void
fill(const struct clients *clients)
{
	char network[32];

	for (int i = 0; i < ALL_MAX; i++) {
		snprintf(network, sizeof network, "2001:db8:0:%x::/64", (unsigned)i);
		assert_true(come(clients, i, network, "2001:db8::/48"));
	}
}

static void
one_network_has_only_so_many(void **state)
{
	const struct clients *clients = *state;

	assert_true(come(clients, 0, "192.0.2.0/24", "192.0.0.0/16"));
	assert_true(come(clients, 1, "192.0.2.0/24", "192.0.0.0/16"));
	assert_false(come(clients, 2, "192.0.2.0/24", "192.0.0.0/16"));
	assert_true(come(clients, 3, "192.0.3.0/24", "192.0.0.0/16"));
	strangers_remove(clients->strangers, clients->ours[0]);
	assert_true(come(clients, 4, "192.0.2.0/24", "192.0.0.0/16"));
	for (int i = 0; i < CLIENTS; i++)
		assert_false(is_shut(clients, i));
}

static void
networks_of_one_region_took_all_places(void **state)
{
	const struct clients *clients = *state;

	fill(clients);
	assert_true(come(clients, 6, "192.0.2.0/24", "192.0.0.0/16"));
	assert_true(is_shut(clients, 0));
	assert_false(is_shut(clients, 1));
	/* They get no place back by coming again. */
	assert_false(come(clients, 7, "2001:db8:0:ff::/64", "2001:db8::/48"));
	assert_true(come(clients, 8, "198.51.100.0/24", "198.51.0.0/16"));
	assert_true(is_shut(clients, 1));
	assert_false(is_shut(clients, 6));
	/* Whose place was taken has none to give up. */
	strangers_remove(clients->strangers, clients->ours[0]);
	assert_false(come(clients, 9, "2001:db8:0:fe::/64", "2001:db8::/48"));
}

static void
among_regions_with_as_many_the_first_to_come_leaves(void **state)
{
	const struct clients *clients = *state;
	char network[32], region[32];

	for (int i = 0; i < ALL_MAX; i++) {
		snprintf(network, sizeof network, "198.%d.1.0/24", i);
		snprintf(region, sizeof region, "198.%d.0.0/16", i);
		assert_true(come(clients, i, network, region));
	}
	assert_true(come(clients, 6, "192.0.2.0/24", "192.0.0.0/16"));
	assert_true(is_shut(clients, 0));
	for (int i = 1; i < ALL_MAX; i++)
		assert_false(is_shut(clients, i));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_network_has_only_so_many, begin, end),
		cmocka_unit_test_setup_teardown(networks_of_one_region_took_all_places, begin, end),
		cmocka_unit_test_setup_teardown(among_regions_with_as_many_the_first_to_come_leaves,
						begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
