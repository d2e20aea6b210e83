/* Pickup mail for mail programs, by POP3: postseal-pop(8). */
#include <stdlib.h>

#include "core/daemon.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/migrate.h"
#include "core/restart.h"
#include "portal/application_signin.h"
#include "portal/pop/service.h"

enum { BACKLOG = 512 };

static struct {
	GMutex lock;
	GCond ended;
	bool stop;
} life;

struct program {
	struct service service;
	struct restart restart;
};

static void
stop(void *context)
{
	(void)context;
	g_mutex_lock(&life.lock);
	life.stop = true;
	g_cond_signal(&life.ended);
	g_mutex_unlock(&life.lock);
}

static void
reload(void *context)
{
	struct program *program = context;

	pop_certificate_reload(program->service.certificate);
	restart_look(&program->restart);
}

static bool
listen_at(const char *place, int *listener_r, struct fault *fault)
{
	*listener_r =
		*place == '\0' ? -1 : daemon_listen_on_host(place, BACKLOG, "[::]:995", fault);
	return *place == '\0' || *listener_r >= 0;
}

static bool
serve_metrics(struct service *service, struct fault *fault)
{
	application_signin_expect(METRIC_POP_SIGNINS);
	metrics_expect(METRIC_POP_MESSAGES, "outcome=\"sent\"");
	metrics_expect(METRIC_POP_MESSAGES, "outcome=\"broken off\"");
	metrics_expect(METRIC_POP_CUT, "");
	return metrics_serve(service->settings->pop_metrics, service_gauges, service, fault);
}

/* Ports below 1024, and a key that only root can read, are taken before root is given up. */
static bool
begin(struct service *service, struct service_listeners *listeners, struct fault *fault)
{
	const struct settings *settings = service->settings;
	g_autoptr(connection_auto) connection = NULL;

	service->certificate = pop_certificate_new(settings, fault);
	if (service->certificate == NULL ||
	    !listen_at(settings->pop_listen, &listeners->tls, fault) ||
	    !listen_at(settings->pop_stls, &listeners->stls, fault) ||
	    !daemon_drop_privileges(settings->portal_user, fault))
		return false;
	connection = database_take(service->database, fault);
	if (connection == NULL || !migrate_check(connection, fault) ||
	    !service_start(service, listeners, fault))
		return false;
	if (serve_metrics(service, fault))
		return true;
	service_stop(service);
	return false;
}

static char *
status_of(const struct settings *settings)
{
	bool has_both = *settings->pop_listen != '\0' && *settings->pop_stls != '\0';

	return g_strconcat("listening on ", settings->pop_listen, has_both ? " and " : "",
			   settings->pop_stls, NULL);
}

static int
serve(struct program *program)
{
	const struct daemon_signals signals = {.reload = reload, .stop = stop, .context = program};
	g_autofree char *status = status_of(program->service.settings);

	daemon_watch_signals(&signals);
	daemon_ready(status);
	g_mutex_lock(&life.lock);
	while (!life.stop)
		g_cond_wait(&life.ended, &life.lock);
	g_mutex_unlock(&life.lock);
	service_stop(&program->service);
	return EXIT_SUCCESS;
}

static int
run(const char *config)
{
	g_autoptr(settings_auto) settings = settings_read(config);
	struct database_settings database = {.role = "postseal_portal",
					     .connections_max = SERVICE_DATABASE_CONNECTIONS};
	struct program program = {
		.service.settings = settings,
		.restart = {.config = config, .at_start = settings, .program = "pop"}};
	struct service_listeners listeners;
	struct fault fault;
	int status = EXIT_FAILURE;

	if (settings == NULL)
		return EXIT_CONFIGURATION;
	if (*settings->pop_listen == '\0' && *settings->pop_stls == '\0') {
		log_error("neither pop listen nor pop stls is set in %s: there is nothing to do",
			  config);
		return EXIT_CONFIGURATION;
	}
	database.url = settings->database;
	program.service.database = database_new(&database);
	if (begin(&program.service, &listeners, &fault))
		status = serve(&program);
	else
		log_error("%s", fault.text);
	pop_certificate_free(program.service.certificate);
	database_free(program.service.database);
	return status;
}

int
main(int argc, char **argv)
{
	return run(daemon_begin(argc, argv, "postseal-pop"));
}
