/* Asks the network for keys, postseal-finder(8). */
#include <stdlib.h>

#include "core/daemon.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/restart.h"
#include "keystore/finder/finders.h"
#include "keystore/finder/server.h"

static struct server *server;

static void
stop(void *context)
{
	(void)context;
	server_stop(server);
}

static bool
begin(const struct settings *settings, struct fault *fault)
{
	if (!daemon_drop_privileges(settings->finder_user, fault) ||
	    !finders_begin(settings, fault) ||
	    !metrics_serve(settings->finder_metrics, NULL, NULL, fault))
		return false;
	server = server_new(settings, fault);
	return server != NULL;
}

static int
run(const char *config, const struct settings *settings)
{
	struct restart restart = {.config = config, .at_start = settings, .program = "finder"};
	const struct daemon_signals signals = {
		.reload = restart_look, .stop = stop, .context = &restart};
	struct fault fault;

	if (!begin(settings, &fault)) {
		log_error("%s", fault.text);
		return EXIT_FAILURE;
	}
	daemon_watch_signals(&signals);
	daemon_ready("listening for questions about keys");
	server_run(server);
	server_free(server);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	const char *config = daemon_begin(argc, argv, "postseal-finder");
	g_autoptr(settings_auto) settings = settings_read(config);

	return settings == NULL ? EXIT_CONFIGURATION : run(config, settings);
}
