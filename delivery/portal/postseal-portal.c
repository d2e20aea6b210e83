/* The portal, postseal-portal(8). */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/daemon.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/migrate.h"
#include "core/secret.h"
#include "delivery/configuration.h"
#include "delivery/mime.h"
#include "delivery/portal/page.h"
#include "delivery/portal/portal.h"

enum { BACKLOG = 512 };

static struct {
	GMutex lock;
	GCond ended;
	bool stop;
} life;

static void
stop(void *context)
{
	(void)context;
	g_mutex_lock(&life.lock);
	life.stop = true;
	g_cond_signal(&life.ended);
	g_mutex_unlock(&life.lock);
}

static int
bind_first(const struct addrinfo *list)
{
	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
		int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
		const int yes = 1;
		int why;

		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
		if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
			return fd;
		why = errno;
		close(fd);
		errno = why;
	}
	return -1;
}

/* "host:port" or "[address]:port". */
static int
listen_at(const char *place, struct fault *fault)
{
	const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	g_autofree char *host = g_strdup(place);
	char *colon = strrchr(host, ':'), *name = host;
	struct addrinfo *found = NULL;
	int fd = -1, error;

	if (colon == NULL) {
		fault_set(fault, FAULT_CONFIG, "listening on %s: expected a host and a port such as "
			  "127.0.0.1:8025", place);
		return -1;
	}
	*colon = '\0';
	if (*name == '[' && name[strlen(name) - 1] == ']') {
		name[strlen(name) - 1] = '\0';
		name++;
	}
	error = getaddrinfo(name, colon + 1, &wanted, &found);
	if (error == 0) {
		fd = bind_first(found);
		freeaddrinfo(found);
	}
	if (fd < 0)
		fault_set(fault, FAULT_CONFIG, "listening on %s: %s", place,
			  error != 0 ? gai_strerror(error) : strerror(errno));
	return fd;
}

static bool
begin(struct session_context *context, struct seal_key *courier, int *listener_r,
      struct fault *fault)
{
	const struct settings *settings = context->settings;
	g_autoptr(connection_auto) connection = NULL;

	if (!page_start(fault) ||
	    !secret_read(courier, settings->secrets, SECRET_COURIER_PUBLIC, fault))
		return false;
	*listener_r = listen_at(settings->portal_listen, fault);
	if (*listener_r < 0 || !daemon_drop_privileges(settings->portal_user, fault))
		return false;
	connection = database_take(context->database, fault);
	return connection != NULL && migrate_check(connection, fault) &&
	       metrics_serve(settings->portal_metrics, NULL, NULL, fault);
}

static int
serve(const struct session_context *context, int listener)
{
	const struct daemon_signals signals = {.stop = stop};
	g_autofree char *status = NULL;
	struct fault fault;
	struct portal *portal = portal_start(context, listener, &fault);

	if (portal == NULL) {
		log_error("%s", fault.text);
		return EXIT_FAILURE;
	}
	daemon_watch_signals(&signals);
	status = g_strdup_printf("listening on %s for %s", context->settings->portal_listen,
				 context->settings->portal_url);
	daemon_ready(status);
	g_mutex_lock(&life.lock);
	while (!life.stop)
		g_cond_wait(&life.ended, &life.lock);
	g_mutex_unlock(&life.lock);
	portal_stop(portal);
	return EXIT_SUCCESS;
}

static int
run(const char *config)
{
	g_autoptr(policy_auto) policy = configuration_load(config, log_error);
	struct database_settings database = {.role = "postseal_portal"};
	struct seal_key courier;
	struct session_context context = {.courier = &courier};
	struct fault fault;
	int listener, status;

	if (policy == NULL)
		return EXIT_FAILURE;
	context.settings = policy_settings(policy);
	database.url = context.settings->database;
	context.database = database_new(&database);
	if (!begin(&context, &courier, &listener, &fault)) {
		log_error("%s", fault.text);
		return EXIT_FAILURE;
	}
	status = serve(&context, listener);
	database_free(context.database);
	return status;
}

int
main(int argc, char **argv)
{
	const char *config = daemon_begin(argc, argv, "postseal-portal");

	mime_start();
	return run(config);
}
