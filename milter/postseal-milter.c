/* The milter: postseal-milter(8). */
#include <errno.h>
#include <libmilter/mfapi.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/catalogue.h"
#include "core/daemon.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/seal/key_file.h"
#include "delivery/method.h"
#include "delivery/methods/pgp/encrypt.h"
#include "delivery/methods/recipient_keys.h"
#include "keystore/domain_tls_asking.h"
#include "mail/letter.h"
#include "mail/mime_stream.h"
#include "milter/approvals.h"
#include "milter/heard.h"
#include "milter/rule_metrics.h"
#include "milter/service.h"
#include "milter/session.h"
#include "milter/socket.h"
#include "milter/tls_map.h"

enum {
	FINISH_SECONDS = 90,
	STATUS_MAX = 200,
};

static void
reload(void *context)
{
	service_reload(context);
}

static bool
open_socket(struct service *service, const struct settings *settings, struct fault *fault)
{
	const struct milter_socket socket = {.listen = settings->milter_listen,
					     .group = settings->milter_group,
					     .mode = settings->milter_mode,
					     .user = settings->milter_user};

	return milter_socket_open(&socket, session_callbacks(service), fault);
}

static void
set_gauges(void *context)
{
	const struct service *service = context;
	unsigned open, used;

	database_count(service->database, &open, &used);
	metrics_set(METRIC_DATABASE_CONNECTIONS, "state=\"open\"", open);
	metrics_set(METRIC_DATABASE_CONNECTIONS, "state=\"used\"", used);
	metrics_set(METRIC_MESSAGES_IN_HAND, "", g_atomic_int_get(&service->messages));
}

static void
expect_copies(const char *method)
{
	g_autofree char *accepted = g_strdup_printf("method=\"%s\",verdict=\"accepted\"", method);
	g_autofree char *refused = g_strdup_printf("method=\"%s\",verdict=\"refused\"", method);

	metrics_expect(METRIC_COPIES, accepted);
	metrics_expect(METRIC_COPIES, refused);
}

static bool
serve_metrics(struct service *service, const char *address, struct fault *fault)
{
	static const char *const phases[] = {"phase=\"decide\"", "phase=\"seal\"",
					     "phase=\"commit\"", "phase=\"all\""};

	for (const struct method *const *method = methods; *method != NULL; method++)
		expect_copies((*method)->name);
	expect_copies("none");
	rule_metrics_expect(service->policy);
	discovery_expect();
	revocation_expect();
	domain_tls_expect();
	recipient_keys_expect();
	metrics_expect(METRIC_DEFERRED, "");
	metrics_expect(METRIC_TRUST_CONFLICTS, "");
	metrics_expect(METRIC_ADDRESSES_REFUSED, "");
	metrics_expect(METRIC_FOREIGN_CONNECTIONS, "");
	metrics_expect(METRIC_KEY_LOOKUPS, "cache=\"hit\"");
	metrics_expect(METRIC_KEY_LOOKUPS, "cache=\"miss\"");
	for (size_t i = 0; i < G_N_ELEMENTS(phases); i++)
		metrics_expect(METRIC_PHASE, phases[i]);
	return metrics_serve(address, set_gauges, service, fault);
}

static bool
start(struct service *service, const char *config, struct policy *policy, struct fault *fault)
{
	const struct settings *settings = policy_settings(policy);

	return catalogue_start(settings->portal_pages, fault) &&
	       service_init(service, config, policy, fault) &&
	       open_socket(service, settings, fault) && tls_map_open(settings, fault) &&
	       daemon_drop_privileges(settings->milter_user, fault) && gpg_start(settings, fault) &&
	       serve_metrics(service, settings->milter_metrics, fault) &&
	       (access(settings->spool_directory, W_OK | X_OK) == 0 ||
		fault_set(fault, FAULT_CONFIG, "checking the spool directory %s: %s",
			  settings->spool_directory, strerror(errno)));
}

static int
run(const char *config)
{
	struct policy *policy = policy_read(config, methods_for_policy());
	/* Static, because sessions that wait for the MTA may still use it after libmilter has
	 * ended. */
	static struct service service;
	struct daemon_signals signals = {.reload = reload, .context = &service};
	char status[STATUS_MAX];
	struct fault fault;
	int ended;

	if (policy == NULL)
		return EXIT_CONFIGURATION;
	if (!start(&service, config, policy, &fault)) {
		log_error("%s", fault.text);
		return EXIT_FAILURE;
	}
	daemon_watch_signals(&signals);
	heard_start(service.database);
	approvals_start(&service);
	tls_map_start(&service);
	g_snprintf(status, sizeof status, "listening on %s; %u rules, version %.12s",
		   policy_settings(policy)->milter_listen, policy_rule_count(policy),
		   policy_digest(policy));
	daemon_ready(status);
	ended = smfi_main();
	daemon_stopping();
	service_finish(&service, FINISH_SECONDS);
	approvals_stop();
	heard_stop();
	if (ended != MI_SUCCESS)
		log_error("libmilter ended with an error");
	return ended == MI_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	const char *config = daemon_begin(argc, argv, "postseal-milter");

	mime_start();
	letter_start();
	return run(config);
}
