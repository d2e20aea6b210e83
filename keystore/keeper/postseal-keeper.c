/* The keeper of private keys, postseal-keeper(8). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/daemon.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/migrate.h"
#include "core/seal/key_file.h"
#include "core/settings.h"
#include "keystore/keeper/vault.h"

enum { BACKLOG = 128, WORKERS = 4, WAIT_SECONDS = 5 };

static struct {
	struct vault *vault;
	int listener;
} keeper;

/* --- one request --- */

static bool
grant(const struct keeper_request *request, struct keeper_reply *reply, struct fault *fault)
{
	switch (request->wish) {
	case KEEPER_PING:
		return true;
	case KEEPER_SIGN:
		return request->length <= KEEPER_DIGEST_MAX ? vault_sign(keeper.vault, request, reply, fault)
							    : fault_set(fault, FAULT_INPUT, "the digest is too long");
	case KEEPER_PREPARE:
		return vault_prepare(keeper.vault, request->fingerprint, fault);
	default:
		return fault_set(fault, FAULT_INPUT, "there is no such request");
	}
}

/* Every use of a key is in the log. */
static void
log_use(const struct keeper_request *request, const struct keeper_reply *reply, int fd)
{
	static const char *const words[] = {[KEEPER_SIGN] = "sign", [KEEPER_PREPARE] = "prepare"};
	struct ucred peer = {0};
	socklen_t length = sizeof peer;

	if (request->wish != KEEPER_SIGN && request->wish != KEEPER_PREPARE)
		return;
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
	metrics_count("postseal_keeper_uses_total", reply->granted ? "granted=\"yes\"" : "granted=\"no\"", 1);
	log_info("%s with %s for process %d of user %u: %s", words[request->wish], request->fingerprint,
		 (int)peer.pid, (unsigned)peer.uid, reply->granted ? "done" : reply->why);
}

static void
serve(gpointer data, gpointer unused)
{
	AUTO_CLOSE int fd = GPOINTER_TO_INT(data);
	const struct timeval wait = {.tv_sec = WAIT_SECONDS};
	struct keeper_request request;
	struct keeper_reply reply = {0};
	struct fault fault = {0};

	(void)unused;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	if (recv(fd, &request, sizeof request, 0) != (ssize_t)sizeof request)
		return;
	request.fingerprint[KEEPER_FINGERPRINT_MAX] = '\0';
	reply.granted = grant(&request, &reply, &fault);
	if (!reply.granted)
		g_strlcpy(reply.why, fault.text, sizeof reply.why);
	log_use(&request, &reply, fd);
	if (send(fd, &reply, sizeof reply, MSG_NOSIGNAL) < 0)
		log_warning("answering a request: %s", strerror(errno));
}

/* --- the program --- */

static bool
listen_at(const struct settings *settings, struct fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (g_strlcpy(address.sun_path, settings->keeper_socket, sizeof address.sun_path) >=
	    sizeof address.sun_path)
		return fault_set(fault, FAULT_CONFIG, "listening on %s: the path is too long",
				 settings->keeper_socket);
	unlink(settings->keeper_socket);
	keeper.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (keeper.listener < 0 || bind(keeper.listener, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(keeper.listener, BACKLOG) != 0)
		return fault_set(fault, FAULT_CONFIG, "listening on %s: %s", settings->keeper_socket,
				 strerror(errno));
	return daemon_share_socket(settings->keeper_socket, settings->keeper_group, settings->keeper_mode, fault);
}

static void
stop(void *context)
{
	(void)context;
	shutdown(keeper.listener, SHUT_RDWR); /* accept(2) ends */
}

static void
serve_all(void)
{
	GThreadPool *pool = g_thread_pool_new(serve, NULL, WORKERS, TRUE, NULL);
	int fd;

	for (;;) {
		fd = accept4(keeper.listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			g_thread_pool_push(pool, GINT_TO_POINTER(fd), NULL);
		else if (errno != EINTR && errno != ECONNABORTED)
			break;
	}
	g_thread_pool_free(pool, FALSE, TRUE); /* what is in hand is finished */
}

static bool
begin(const struct settings *settings, struct database *database, struct seal_key *master,
      struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;

	/* Nobody reads the memory of this process, not even another one of the same user. */
	prctl(PR_SET_DUMPABLE, 0);
	if (!secret_read(master, settings->secrets, SECRET_MASTER, fault) || !listen_at(settings, fault) ||
	    !daemon_drop_privileges(settings->keeper_user, fault))
		return false;
	prctl(PR_SET_DUMPABLE, 0);
	connection = database_take(database, fault);
	return connection != NULL && migrate_check(connection, fault) && vault_start_agent(settings, fault) &&
	       metrics_serve(settings->keeper_metrics, NULL, NULL, fault);
}

static int
run(const struct settings *settings)
{
	const struct database_settings database_settings = {.url = settings->database, .role = "postseal_keeper"};
	const struct daemon_signals signals = {.stop = stop};
	struct database *database = database_new(&database_settings);
	struct seal_key master;
	struct fault fault;

	if (!begin(settings, database, &master, &fault)) {
		log_error("%s", fault.text);
		sodium_memzero(&master, sizeof master);
		return EXIT_FAILURE;
	}
	keeper.vault = vault_new(database, &database_settings, &master);
	sodium_memzero(&master, sizeof master);
	daemon_watch_signals(&signals);
	daemon_ready("listening for requests to sign");
	serve_all();
	vault_stop_agent(settings);
	vault_free(keeper.vault);
	database_free(database);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	const char *config = daemon_begin(argc, argv, "postseal-keeper");
	g_autoptr(settings_auto) settings = settings_read(config);

	return settings == NULL ? EXIT_FAILURE : run(settings);
}
