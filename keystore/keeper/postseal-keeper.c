/* The keeper of private keys, postseal-keeper(8). */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/crash.h"
#include "core/daemon.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/migrate.h"
#include "core/restart.h"
#include "core/seal/key_file.h"
#include "core/settings.h"
#include "keystore/keeper/agent.h"
#include "keystore/keeper/authority_rounds.h"
#include "keystore/keeper/certification.h"
#include "keystore/keeper/issue.h"
#include "keystore/keeper/server.h"
#include "keystore/keeper/vault.h"

static struct {
	struct ring *master;
	struct vault *vault;
	struct server *server;
	struct issuing issuing;
	struct authority_rounds *rounds;
} keeper;

/* --- one request --- */

/* New keys are for the admin, or made here without being asked for. */
static bool
may_order(int fd, struct fault *fault)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t length = sizeof peer;

	return (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
		(peer.uid == 0 || peer.uid == geteuid())) ||
	       fault_set(fault, FAULT_REFUSED, "only root may have keys made (you are user %u)",
			 (unsigned)peer.uid);
}

static bool
carry_out(const struct keeper_request *request, int fd, struct fault *fault)
{
	struct keeper_order order = request->order;
	const struct issue_order issue = {.why = ISSUE_ORDERED, .actor = order.actor};

	order.subject[KEEPER_ORDER_MAX] = order.actor[KEEPER_ORDER_MAX] = '\0';
	order.algorithm[sizeof order.algorithm - 1] = '\0';
	if (!may_order(fd, fault))
		return false;
	switch (request->wish) {
	case KEEPER_ISSUE:
		return issue_keys(&keeper.issuing, order.subject, &issue, fault);
	case KEEPER_REQUEST:
		return certification_request(&keeper.issuing, &order, fault);
	case KEEPER_CERTIFIED:
		return certification_take(&keeper.issuing, &order, fault);
	case KEEPER_CA_TRY:
		return issuer_try(&keeper.issuing, order.subject, fault);
	default:
		return issuer_make(&keeper.issuing, &order, request->wish == KEEPER_CA_REQUEST,
				   fault);
	}
}

static bool
grant(const struct keeper_request *request, int fd, struct keeper_reply *reply, struct fault *fault)
{
	switch (request->wish) {
	case KEEPER_PING:
		return true;
	case KEEPER_SIGN:
		return request->length <= KEEPER_DIGEST_MAX
			       ? vault_sign(keeper.vault, request, reply, fault)
			       : fault_set(fault, FAULT_INPUT, "the digest is too long");
	case KEEPER_UNWRAP:
		return vault_unwrap(keeper.vault, request, reply, fault);
	case KEEPER_PREPARE:
		return vault_prepare(keeper.vault, request->fingerprint, fault);
	case KEEPER_CA_MAKE:
	case KEEPER_CA_REQUEST:
	case KEEPER_ISSUE:
	case KEEPER_REQUEST:
	case KEEPER_CERTIFIED:
	case KEEPER_CA_TRY:
		return carry_out(request, fd, fault);
	default:
		return fault_set(fault, FAULT_INPUT, "there is no such request");
	}
}

/* Every use of a key is logged. */
static void
log_use(const struct keeper_request *request, const struct keeper_reply *reply, int fd)
{
	static const char *const words[] = {[KEEPER_SIGN] = "sign",
					    [KEEPER_PREPARE] = "prepare",
					    [KEEPER_UNWRAP] = "decrypt",
					    [KEEPER_CA_MAKE] = "make an authority",
					    [KEEPER_CA_REQUEST] = "request an authority",
					    [KEEPER_ISSUE] = "issue keys",
					    [KEEPER_REQUEST] = "request a certificate",
					    [KEEPER_CERTIFIED] = "take a certificate",
					    [KEEPER_CA_TRY] = "try an authority"};
	struct ucred peer = {0};
	socklen_t length = sizeof peer;

	if (request->wish >= G_N_ELEMENTS(words) || words[request->wish] == NULL)
		return;
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
	metrics_count(METRIC_KEEPER_USES, reply->granted ? "granted=\"yes\"" : "granted=\"no\"", 1);
	if (request->wish >= KEEPER_CA_MAKE) {
		log_info("%s for process %d of user %u: %s", words[request->wish], (int)peer.pid,
			 (unsigned)peer.uid, reply->granted ? "done" : reply->why);
		return;
	}
	log_info("%s with %s for process %d of user %u: %s", words[request->wish],
		 request->fingerprint, (int)peer.pid, (unsigned)peer.uid,
		 reply->granted ? "done" : reply->why);
}

static void
serve(void *unused, int fd)
{
	struct keeper_request request;
	struct keeper_reply reply = {0};
	struct fault fault = {0};

	(void)unused;
	if (recv(fd, &request, sizeof request, MSG_DONTWAIT) != (ssize_t)sizeof request)
		return;
	request.fingerprint[KEEPER_FINGERPRINT_MAX] = '\0';
	reply.granted = grant(&request, fd, &reply, &fault);
	if (!reply.granted)
		g_strlcpy(reply.why, fault.text, sizeof reply.why);
	log_use(&request, &reply, fd);
	crash_point("keeper-before-answer");
	if (send(fd, &reply, sizeof reply, MSG_NOSIGNAL) < 0)
		log_warning("answering a request: %s", strerror(errno));
	sodium_memzero(&reply, sizeof reply);
}

/* --- the program --- */

static void
stop(void *context)
{
	(void)context;
	server_stop(keeper.server);
}

static bool
serve_metrics(const struct settings *settings, struct fault *fault)
{
	metrics_expect(METRIC_KEEPER_USES, "granted=\"yes\"");
	metrics_expect(METRIC_KEEPER_USES, "granted=\"no\"");
	return metrics_serve(settings->keeper_metrics, NULL, NULL, fault);
}

static bool
begin(const struct settings *settings, struct database *database,
      const struct database_settings *listen, struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;

	/* No other process can read the memory of this one, not even one of the same user. */
	prctl(PR_SET_DUMPABLE, 0);
	keeper.master = ring_read(settings->secrets, SECRET_MASTER, fault);
	if (keeper.master == NULL)
		return false;
	keeper.server = server_new(settings, fault);
	if (keeper.server == NULL || !daemon_drop_privileges(settings->keeper_user, fault))
		return false;
	prctl(PR_SET_DUMPABLE, 0);
	connection = database_take(database, fault);
	return connection != NULL && migrate_check(connection, fault) &&
	       ring_join(keeper.master, "postseal-keeper", database, listen, fault) &&
	       agent_start(settings, fault) && serve_metrics(settings, fault);
}

static int
run(const char *config, const struct settings *settings)
{
	const struct database_settings database_settings = {.url = settings->database,
							    .role = "postseal_keeper"};
	struct restart restart = {.config = config, .at_start = settings, .program = "keeper"};
	const struct daemon_signals signals = {
		.reload = restart_look, .stop = stop, .context = &restart};
	struct database *database = database_new(&database_settings);
	struct fault fault;

	if (!begin(settings, database, &database_settings, &fault)) {
		log_error("%s", fault.text);
		return EXIT_FAILURE;
	}
	keeper.vault = vault_new(database, &database_settings, keeper.master);
	keeper.issuing = (struct issuing){
		.database = database, .master = keeper.master, .settings = settings};
	keeper.rounds = authority_rounds_start(&keeper.issuing, &database_settings);
	restart.ring = keeper.master;
	daemon_watch_signals(&signals);
	daemon_ready("listening for requests to sign");
	server_run(keeper.server, serve, NULL);
	authority_rounds_stop(keeper.rounds);
	vault_free(keeper.vault);
	ring_free(keeper.master);
	agent_stop(settings);
	server_free(keeper.server);
	database_free(database);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	const char *config = daemon_begin(argc, argv, "postseal-keeper");
	g_autoptr(settings_auto) settings = settings_read(config);

	return settings == NULL ? EXIT_CONFIGURATION : run(config, settings);
}
