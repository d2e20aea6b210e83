#include "milter/submission/sasl_server.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/log.h"
#include "milter/submission/sasl_dialogue.h"

enum {
	CONNECTIONS_MAX = 500,
	SEND_SECONDS = 10,
	PAUSE_MICROSECONDS = 100000,
};

struct sasl_server {
	struct database *database;
	const struct settings *settings;
	int listener;
	int wake; /* eventfd: readable once everybody is to stop */
	GThread *thread;
	GMutex lock;
	GCond ended;
	unsigned connections;
	unsigned long accepted;
};

/* Wiped at the end: passwords pass through it. */
struct connection_in {
	struct sasl_server *server;
	int socket;
	unsigned long number;
	char in[SASL_LINE_MAX];
	size_t length;
};

/* --- one connection --- */

static bool
transmit(int socket, const GString *text)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t sent = send(socket, text->str + done, text->len - done, MSG_NOSIGNAL);

		if (sent <= 0 && errno != EINTR)
			return false;
		done += sent > 0 ? (size_t)sent : 0;
	}
	return true;
}

/* False: the MTA has closed it, or we are to stop. */
static bool
receive(struct connection_in *in)
{
	struct pollfd watched[] = {{.fd = in->server->wake, .events = POLLIN},
				   {.fd = in->socket, .events = POLLIN}};
	ssize_t got;

	while (poll(watched, G_N_ELEMENTS(watched), -1) < 0)
		if (errno != EINTR)
			return false;
	if (watched[0].revents != 0)
		return false;
	got = recv(in->socket, in->in + in->length, sizeof in->in - in->length, 0);
	if (got < 0 && errno == EINTR)
		return true;
	if (got <= 0)
		return false;
	in->length += (size_t)got;
	return true;
}

/* Takes the lines that are there. */
static bool
take_lines(struct connection_in *in, struct sasl_dialogue *dialogue)
{
	char *end;

	while ((end = memchr(in->in, '\n', in->length)) != NULL) {
		g_autoptr(GString) reply = g_string_new(NULL);
		size_t taken = (size_t)(end + 1 - in->in);
		bool done;

		*end = '\0';
		done = strlen(in->in) == taken - 1 && sasl_dialogue_take(dialogue, in->in, reply);
		memmove(in->in, end + 1, in->length - taken);
		in->length -= taken;
		sodium_memzero(in->in + in->length, taken);
		if (!done || !transmit(in->socket, reply))
			return false;
	}
	if (in->length == sizeof in->in)
		log_error("the MTA sent a line to the socket for passwords that has more than %d "
			  "bytes",
			  SASL_LINE_MAX);
	return in->length < sizeof in->in;
}

static void
serve(struct connection_in *in)
{
	struct sasl_dialogue dialogue = {.database = in->server->database,
					 .settings = in->server->settings};
	g_autoptr(GString) greeting = g_string_new(NULL);

	sasl_dialogue_greet(in->number, greeting);
	if (transmit(in->socket, greeting))
		while (receive(in) && take_lines(in, &dialogue))
			;
	sasl_dialogue_clear(&dialogue);
}

static void
forget(struct connection_in *in)
{
	struct sasl_server *server = in->server;

	close(in->socket);
	sodium_memzero(in, sizeof *in);
	g_free(in);
	g_mutex_lock(&server->lock);
	server->connections--;
	g_cond_signal(&server->ended);
	g_mutex_unlock(&server->lock);
}

static void *
run(void *data)
{
	serve(data);
	forget(data);
	return NULL;
}

/* --- all of them --- */

static bool
count(struct sasl_server *server)
{
	bool done;

	g_mutex_lock(&server->lock);
	done = server->connections < CONNECTIONS_MAX;
	if (done)
		server->connections++;
	g_mutex_unlock(&server->lock);
	return done;
}

static void
begin(struct sasl_server *server, int socket)
{
	const struct timeval patience = {.tv_sec = SEND_SECONDS};
	struct connection_in *in;
	GThread *thread;

	if (!count(server)) {
		log_error("the MTA has more than %d connections to the socket for passwords",
			  CONNECTIONS_MAX);
		close(socket);
		return;
	}
	setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	in = g_new0(struct connection_in, 1);
	in->server = server;
	in->socket = socket;
	in->number = ++server->accepted;
	thread = g_thread_try_new("sasl", run, in, NULL);
	if (thread == NULL) {
		log_error("serving the MTA: no thread can be started");
		forget(in);
	} else {
		g_thread_unref(thread);
	}
}

static void
accept_one(struct sasl_server *server)
{
	int socket = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);

	if (socket >= 0) {
		begin(server, socket);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
		log_error("accepting a connection of the MTA: %s", g_strerror(errno));
		g_usleep(PAUSE_MICROSECONDS);
	}
}

static void *
listen_for_connections(void *data)
{
	struct sasl_server *server = data;
	struct pollfd watched[] = {{.fd = server->wake, .events = POLLIN},
				   {.fd = server->listener, .events = POLLIN}};

	for (;;) {
		if (poll(watched, G_N_ELEMENTS(watched), -1) < 0)
			continue;
		if (watched[0].revents != 0)
			return NULL;
		accept_one(server);
	}
}

struct sasl_server *
sasl_server_start(struct database *database, const struct settings *settings, int listener,
		  struct fault *fault)
{
	struct sasl_server *server;
	int wake = eventfd(0, EFD_CLOEXEC);

	if (wake < 0) {
		fault_set(fault, FAULT_STORAGE, "starting to serve the MTA: %s", g_strerror(errno));
		return NULL;
	}
	server = g_new0(struct sasl_server, 1);
	server->database = database;
	server->settings = settings;
	server->listener = listener;
	server->wake = wake;
	g_mutex_init(&server->lock);
	g_cond_init(&server->ended);
	server->thread = g_thread_new("listener", listen_for_connections, server);
	return server;
}

void
sasl_server_stop(struct sasl_server *server)
{
	const uint64_t one = 1;

	if (write(server->wake, &one, sizeof one) != sizeof one)
		log_error("stopping: writing to an eventfd failed");
	g_thread_join(server->thread);
	g_mutex_lock(&server->lock);
	while (server->connections > 0)
		g_cond_wait(&server->ended, &server->lock);
	g_mutex_unlock(&server->lock);
	close(server->listener);
	close(server->wake);
	g_mutex_clear(&server->lock);
	g_cond_clear(&server->ended);
	g_free(server);
}

unsigned
sasl_server_connections(struct sasl_server *server)
{
	unsigned connections;

	g_mutex_lock(&server->lock);
	connections = server->connections;
	g_mutex_unlock(&server->lock);
	return connections;
}
