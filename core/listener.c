#include "core/listener.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/log.h"

enum { RETRY_MILLISECONDS = 2000 };

struct listener {
	struct database_settings settings;
	char *channel;
	void (*heard)(void *context, const char *payload);
	void *context;
	GThread *thread;
	int stop; /* eventfd: becomes readable when the listener is to stop */
	gint connected;
};

/* Returns false when the listener is to stop. */
static bool
wait_for(const struct listener *listener, int fd, int milliseconds)
{
	struct pollfd watched[] = {{.fd = listener->stop, .events = POLLIN},
				   {.fd = fd, .events = POLLIN}};

	if (poll(watched, fd < 0 ? 1 : 2, milliseconds) < 0 && errno != EINTR)
		return false;
	return (watched[0].revents & POLLIN) == 0;
}

static bool
subscribe(struct listener *listener, PGconn *pg)
{
	g_autofree char *name =
		PQescapeIdentifier(pg, listener->channel, strlen(listener->channel));
	g_autofree char *sql = g_strconcat("listen ", name, NULL);
	g_autoptr(PGresult) result = PQexec(pg, sql);

	return PQresultStatus(result) == PGRES_COMMAND_OK;
}

static void
pass_on(struct listener *listener, PGconn *pg)
{
	PGnotify *notice;

	while ((notice = PQnotifies(pg)) != NULL) {
		listener->heard(listener->context, notice->extra);
		PQfreemem(notice);
	}
}

/* Listens until the connection is lost (true) or the listener is to stop (false). */
static bool
listen_on(struct listener *listener, PGconn *pg)
{
	bool go_on = true;

	g_atomic_int_set(&listener->connected, 1);
	listener->heard(listener->context, NULL);
	while (go_on && PQconsumeInput(pg) == 1 && PQstatus(pg) == CONNECTION_OK) {
		pass_on(listener, pg);
		go_on = wait_for(listener, PQsocket(pg), -1);
	}
	g_atomic_int_set(&listener->connected, 0);
	listener->heard(listener->context, NULL);
	return go_on;
}

static gpointer
run(gpointer data)
{
	struct listener *listener = data;
	bool told = false;

	do {
		struct fault fault = {0};
		g_autoptr(PGconn) pg = database_connect(&listener->settings, &fault);

		if (pg != NULL && subscribe(listener, pg)) {
			told = false;
			if (!listen_on(listener, pg))
				break;
		} else if (!told) {
			log_warning("listening for changes in the database: %s",
				    fault.cause != FAULT_NONE ? fault.text : PQerrorMessage(pg));
			told = true;
		}
	} while (wait_for(listener, -1, RETRY_MILLISECONDS));
	return NULL;
}

struct listener *
listener_start(const struct database_settings *settings, const char *channel,
	       void (*heard)(void *context, const char *payload), void *context)
{
	struct listener *listener = g_new0(struct listener, 1);

	listener->settings = database_settings_copy(settings);
	listener->channel = g_strdup(channel);
	listener->heard = heard;
	listener->context = context;
	listener->stop = eventfd(0, EFD_CLOEXEC);
	listener->thread = g_thread_new("listener", run, listener);
	return listener;
}

void
listener_stop(struct listener *listener)
{
	uint64_t one = 1;

	if (listener == NULL)
		return;
	if (write(listener->stop, &one, sizeof one) != sizeof one)
		log_error("stopping the database listener: writing to its eventfd failed");
	g_thread_join(listener->thread);
	close(listener->stop);
	g_free(listener->channel);
	database_settings_clear(&listener->settings);
	g_free(listener);
}

bool
listener_is_connected(const struct listener *listener)
{
	return g_atomic_int_get(&listener->connected) != 0;
}
