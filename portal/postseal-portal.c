/* The portal: postseal-portal(8). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "audit/audit.h"
#include "core/catalogue.h"
#include "core/daemon.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/migrate.h"
#include "core/restart.h"
#include "core/seal/key_file.h"
#include "delivery/method.h"
#include "mail/letter.h"
#include "mail/mime_stream.h"
#include "portal/portal.h"
#include "portal/web/page.h"

#define UNIX_PREFIX "unix:"

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
listen_at(const struct settings *settings, struct fault *fault)
{
	const char *place = settings->portal_listen;

	return g_str_has_prefix(place, UNIX_PREFIX)
		       ? daemon_listen(place + strlen(UNIX_PREFIX), SOCK_STREAM, BACKLOG,
				       settings->portal_group, settings->portal_mode, fault)
		       : daemon_listen_on_host(place, BACKLOG,
					       "127.0.0.1:8025, or a socket such as "
					       "unix:/run/postseal-portal/portal.sock",
					       fault);
}

static bool
put_on_record(const struct portal *portal, struct connection *connection, struct fault *fault)
{
	const struct audit_policy record = {.digest = policy_digest(portal->policy),
					    .text = policy_text(portal->policy),
					    .files = policy_files(portal->policy),
					    .program = "postseal-portal",
					    .node = portal->settings->hostname};

	return audit_policy(connection, &record, fault);
}

static bool
serve_metrics(const struct settings *settings, struct fault *fault)
{
	static const char *const statuses[] = {"status=\"200\"", "status=\"303\"", "status=\"400\"",
					       "status=\"403\"", "status=\"404\"", "status=\"429\"",
					       "status=\"500\"", "status=\"503\""};

	for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++)
		metrics_expect(METRIC_PORTAL_ANSWERS, statuses[i]);
	metrics_expect(METRIC_PORTAL_CUT, "");
	metrics_expect(METRIC_READER_DOCUMENTS, "format=\"html\",outcome=\"done\"");
	metrics_expect(METRIC_READER, "");
	return metrics_serve(settings->portal_metrics, NULL, NULL, fault);
}

static bool
begin(struct portal *portal, const struct database_settings *database, int *listener_r,
      struct fault *fault)
{
	const struct settings *settings = portal->settings;
	g_autoptr(connection_auto) connection = NULL;

	if (!catalogue_start(settings->portal_pages, fault) ||
	    !page_start(settings->portal_pages, fault))
		return false;
	portal->courier = ring_read(settings->secrets, SECRET_COURIER_PUBLIC, fault);
	if (portal->courier == NULL)
		return false;
	*listener_r = listen_at(settings, fault);
	if (*listener_r < 0 || !daemon_drop_privileges(settings->portal_user, fault))
		return false;
	if (access(settings->portal_spool, W_OK | X_OK) != 0)
		return fault_set(fault, FAULT_CONFIG, "checking portal spool, %s: %s",
				 settings->portal_spool, strerror(errno));
	connection = database_take(portal->database, fault);
	return connection != NULL && migrate_check(connection, fault) &&
	       ring_join(portal->courier, "postseal-portal", portal->database, database, fault) &&
	       (portal->policy == NULL || put_on_record(portal, connection, fault)) &&
	       serve_metrics(settings, fault);
}

static int
serve(struct portal *portal, int listener, struct restart *restart)
{
	const struct daemon_signals signals = {
		.reload = restart_look, .stop = stop, .context = restart};
	g_autofree char *status = NULL;
	struct fault fault;

	if (!portal_start(portal, listener, &fault)) {
		log_error("%s", fault.text);
		return EXIT_FAILURE;
	}
	daemon_watch_signals(&signals);
	status = g_strdup_printf("listening on %s for %s", portal->settings->portal_listen,
				 portal->settings->portal_url);
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
	g_autoptr(settings_auto) settings = settings_read(config);
	/* If the rules cannot be read, reading still works, and writing has to wait. */
	g_autoptr(policy_auto) policy =
		settings == NULL ? NULL : policy_read(config, methods_for_policy());
	struct database_settings database = {.role = "postseal_portal",
					     .connections_max = PORTAL_CONNECTIONS_MAX};
	struct restart restart = {.config = config, .at_start = settings, .program = "portal"};
	struct portal portal = {.config = config, .policy = policy, .settings = settings};
	struct fault fault;
	int listener, status;

	if (settings == NULL)
		return EXIT_CONFIGURATION;
	database.url = settings->database;
	portal.database = database_new(&database);
	if (!begin(&portal, &database, &listener, &fault)) {
		log_error("%s", fault.text);
		return EXIT_FAILURE;
	}
	restart.ring = portal.courier;
	status = serve(&portal, listener, &restart);
	ring_free(portal.courier);
	database_free(portal.database);
	return status;
}

int
main(int argc, char **argv)
{
	const char *config = daemon_begin(argc, argv, "postseal-portal");

	mime_start();
	letter_start();
	return run(config);
}
