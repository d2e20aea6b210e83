#include "keystore/keeper/server.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/daemon.h"
#include "core/log.h"

enum {
	BACKLOG = 128,
	WORKERS = 4,
	OTHER_DESCRIPTORS = 48, /* database, gpg-agent, log, metrics */
	SILENT_MILLISECONDS = 5000,
	AGAIN_MILLISECONDS = 50,
};

/* The first entries that are polled; connections that have not sent anything yet follow. */
enum { STOP, LISTENER, CONNECTIONS };

struct server {
	int listener;
	int stop; /* eventfd: readable once the server is to stop */
	guint connections_max;
	GArray *polled;	  /* struct pollfd */
	GArray *patience; /* gint64, one for each of them: when it is closed, in milliseconds */
	gint busy;	  /* connections being handled by a worker */
	GThreadPool *workers;
	void (*serve)(void *context, int fd);
	void *context;
};

static void
watch(struct server *server, int fd, gint64 until)
{
	const struct pollfd polled = {.fd = fd, .events = POLLIN};

	g_array_append_val(server->polled, polled);
	g_array_append_val(server->patience, until);
}

struct server *
server_new(const struct settings *settings, struct fault *fault)
{
	int listener = daemon_listen(settings->keeper_socket, SOCK_SEQPACKET, BACKLOG,
				     settings->keeper_group, settings->keeper_mode, fault);
	struct server *server;

	if (listener < 0)
		return NULL;
	server = g_new0(struct server, 1);
	server->listener = listener;
	server->stop = eventfd(0, EFD_CLOEXEC);
	server->connections_max = daemon_connections(OTHER_DESCRIPTORS);
	server->polled = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
	server->patience = g_array_new(FALSE, FALSE, sizeof(gint64));
	watch(server, server->stop, G_MAXINT64);
	watch(server, server->listener, G_MAXINT64);
	return server;
}

void
server_free(struct server *server)
{
	if (server == NULL)
		return;
	for (guint i = STOP; i < server->polled->len; i++)
		if (i != LISTENER)
			close(g_array_index(server->polled, struct pollfd, i).fd);
	close(server->listener);
	g_array_unref(server->polled);
	g_array_unref(server->patience);
	g_free(server);
}

void
server_stop(struct server *server)
{
	const uint64_t one = 1;

	if (write(server->stop, &one, sizeof one) != sizeof one)
		log_error("stopping the keeper: writing to its eventfd failed");
}

static void
work(gpointer fd, gpointer data)
{
	struct server *server = data;

	server->serve(server->context, GPOINTER_TO_INT(fd));
	close(GPOINTER_TO_INT(fd));
	g_atomic_int_dec_and_test(&server->busy);
}

static gint64
now(void)
{
	return g_get_monotonic_time() / 1000;
}

static bool
is_full(const struct server *server)
{
	return server->polled->len - CONNECTIONS + (guint)g_atomic_int_get(&server->busy) >=
	       server->connections_max;
}

/* False if there is no descriptor, or no memory, for another connection: accepting is then tried
 * again later. */
static bool
accept_all(struct server *server)
{
	while (!is_full(server)) {
		int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			watch(server, fd, now() + SILENT_MILLISECONDS);
		else if (errno == EAGAIN)
			return true;
		else if (errno != EINTR && errno != ECONNABORTED)
			return false;
	}
	return true;
}

/* Passes connections with a request to a worker, and closes those that have been silent for too
 * long. */
static void
sort_out(struct server *server)
{
	gint64 at = now();

	for (guint i = server->polled->len; i-- > CONNECTIONS;) {
		const struct pollfd polled = g_array_index(server->polled, struct pollfd, i);

		if (polled.revents == 0 && g_array_index(server->patience, gint64, i) > at)
			continue;
		g_array_remove_index_fast(server->polled, i);
		g_array_remove_index_fast(server->patience, i);
		if (polled.revents == 0) {
			close(polled.fd);
			continue;
		}
		g_atomic_int_inc(&server->busy);
		g_thread_pool_push(server->workers, GINT_TO_POINTER(polled.fd), NULL);
	}
}

static int
milliseconds_to_wait(const struct server *server, bool again)
{
	gint64 first = again || is_full(server) ? now() + AGAIN_MILLISECONDS : G_MAXINT64;

	for (guint i = CONNECTIONS; i < server->polled->len; i++)
		first = MIN(first, g_array_index(server->patience, gint64, i));
	return first == G_MAXINT64 ? -1 : (int)CLAMP(first - now(), 1, SILENT_MILLISECONDS);
}

void
server_run(struct server *server, void (*serve)(void *context, int fd), void *context)
{
	bool told = false, again = false;

	server->serve = serve;
	server->context = context;
	server->workers = g_thread_pool_new(work, server, WORKERS, TRUE, NULL);
	while (g_array_index(server->polled, struct pollfd, STOP).revents == 0) {
		struct pollfd *listener = &g_array_index(server->polled, struct pollfd, LISTENER);

		listener->fd = again || is_full(server) ? -1 : server->listener;
		listener->revents = 0;
		if (poll((struct pollfd *)(void *)server->polled->data, server->polled->len,
			 milliseconds_to_wait(server, again)) < 0)
			continue;
		sort_out(server);
		again = !accept_all(server);
		if (again && !told)
			log_warning("accepting connections: %s; trying again", strerror(errno));
		told = again;
	}
	g_thread_pool_free(server->workers, FALSE, TRUE);
}
