#include "portal/pop/service.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/daemon.h"
#include "core/log.h"
#include "portal/pop/dialogue.h"
#include "portal/web/client.h"

enum {
	NETWORK_CONNECTIONS_MAX = 50,
	CONNECTIONS_MAX = 1000,
	NETWORK_STRANGERS_MAX = 20,
	STRANGERS_MAX = 500,
	MEMBER_CLIENTS_MAX = 10,
	RESERVED_DESCRIPTORS = 64, /* for the database and the log */
	PAUSE_MICROSECONDS = 100000,
};

struct job {
	struct service *service;
	struct client client;
};

/* --- one client --- */

static void
note_socket(struct service *service, int socket)
{
	g_mutex_lock(&service->lock);
	service->served++;
	g_hash_table_add(service->sockets, GINT_TO_POINTER(socket));
	if (service->is_stopping)
		shutdown(socket, SHUT_RDWR);
	g_mutex_unlock(&service->lock);
}

/* Closed with the lock held, so that service_stop() cannot shut somebody else's. */
static void
forget_socket(struct service *service, int socket)
{
	g_mutex_lock(&service->lock);
	g_hash_table_remove(service->sockets, GINT_TO_POINTER(socket));
	close(socket);
	service->served--;
	g_cond_signal(&service->ended);
	g_mutex_unlock(&service->lock);
}

static void
job_free(struct job *job)
{
	struct service *service = job->service;

	deadline_remove(job->client.deadline);
	strangers_remove(service->strangers, job->client.socket);
	tally_remove(service->connections, job->client.network);
	g_free(job->client.network);
	forget_socket(service, job->client.socket);
	g_free(job);
}

static void *
serve(void *data)
{
	struct job *job = data;

	dialogue_serve(job->service, &job->client);
	job_free(job);
	return NULL;
}

static bool
may_come(struct service *service, int socket, const struct sockaddr *peer, const char *network)
{
	g_autofree char *region = client_region_of(peer);

	if (!tally_add(service->connections, network))
		return false;
	if (strangers_add(service->strangers, socket, network, region))
		return true;
	tally_remove(service->connections, network);
	return false;
}

static void
begin(struct service *service, int socket, const struct sockaddr *peer, bool begins_with_tls)
{
	g_autofree char *network = client_network_of(peer);
	const int yes = 1;
	struct job *job;
	GThread *thread;

	if (!may_come(service, socket, peer, network)) {
		log_info("mail client turned away, as there are too many: network=%s", network);
		close(socket);
		return;
	}
	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	job = g_new0(struct job, 1);
	job->service = service;
	job->client = (struct client){.socket = socket,
				      .deadline = deadline_add(service->deadlines, socket),
				      .network = g_steal_pointer(&network),
				      .begins_with_tls = begins_with_tls};
	note_socket(service, socket);
	thread = g_thread_try_new("client", serve, job, NULL);
	if (thread == NULL) {
		log_error("serving a mail client: no thread can be started");
		job_free(job);
	} else {
		g_thread_unref(thread);
	}
}

/* --- all of them --- */

void
service_gauges(void *context)
{
	struct service *service = context;
	unsigned served;

	g_mutex_lock(&service->lock);
	served = service->served;
	g_mutex_unlock(&service->lock);
	metrics_set(METRIC_POP_CLIENTS, "", served);
}

static void
accept_one(struct service *service, int listener, bool begins_with_tls)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof peer;
	int socket = accept4(listener, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);

	if (socket >= 0) {
		begin(service, socket, (const struct sockaddr *)&peer, begins_with_tls);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
		log_error("accepting a mail client: %s", g_strerror(errno));
		g_usleep(PAUSE_MICROSECONDS);
	}
}

static void *
listen_for_clients(void *data)
{
	struct service *service = data;
	struct pollfd watched[] = {{.fd = service->wake, .events = POLLIN},
				   {.fd = service->listeners.tls, .events = POLLIN},
				   {.fd = service->listeners.stls, .events = POLLIN}};

	for (;;) {
		if (poll(watched, G_N_ELEMENTS(watched), -1) < 0)
			continue;
		if (watched[0].revents != 0)
			return NULL;
		if (watched[1].revents != 0)
			accept_one(service, service->listeners.tls, true);
		if (watched[2].revents != 0)
			accept_one(service, service->listeners.stls, false);
	}
}

bool
service_start(struct service *service, const struct service_listeners *listeners,
	      struct fault *fault)
{
	const unsigned most =
		MIN((unsigned)CONNECTIONS_MAX, daemon_connections(RESERVED_DESCRIPTORS));

	service->wake = eventfd(0, EFD_CLOEXEC);
	if (service->wake < 0)
		return fault_set(fault, FAULT_STORAGE, "starting to serve mail clients: %s",
				 g_strerror(errno));
	service->listeners = *listeners;
	service->deadlines = deadlines_new(METRIC_POP_CUT);
	service->connections = tally_new(NETWORK_CONNECTIONS_MAX, most);
	service->strangers =
		strangers_new(NETWORK_STRANGERS_MAX, MIN(most / 2, (unsigned)STRANGERS_MAX));
	service->members = tally_new(MEMBER_CLIENTS_MAX, most);
	service->sockets = g_hash_table_new(NULL, NULL);
	g_mutex_init(&service->lock);
	g_cond_init(&service->ended);
	service->thread = g_thread_new("listener", listen_for_clients, service);
	return true;
}

static void
shut_all(struct service *service)
{
	GHashTableIter each;
	void *socket;

	g_hash_table_iter_init(&each, service->sockets);
	while (g_hash_table_iter_next(&each, &socket, NULL))
		shutdown(GPOINTER_TO_INT(socket), SHUT_RDWR);
}

void
service_stop(struct service *service)
{
	const uint64_t one = 1;

	if (write(service->wake, &one, sizeof one) != sizeof one)
		log_error("stopping: writing to an eventfd failed");
	g_thread_join(service->thread);
	if (service->listeners.tls >= 0)
		close(service->listeners.tls);
	if (service->listeners.stls >= 0)
		close(service->listeners.stls);
	g_mutex_lock(&service->lock);
	service->is_stopping = true;
	shut_all(service);
	while (service->served > 0)
		g_cond_wait(&service->ended, &service->lock);
	g_mutex_unlock(&service->lock);
	deadlines_free(service->deadlines);
	tally_free(service->connections);
	strangers_free(service->strangers);
	tally_free(service->members);
	g_hash_table_unref(service->sockets);
	g_mutex_clear(&service->lock);
	g_cond_clear(&service->ended);
	close(service->wake);
}
