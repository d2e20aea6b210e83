/* What members send with mail programs: postseal-submission(8). */
#include <errno.h>
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
#include "delivery/method.h"
#include "mail/letter.h"
#include "mail/mime_stream.h"
#include "milter/socket.h"
#include "milter/submission/member.h"
#include "milter/submission/sasl_server.h"
#include "portal/application_signin.h"

enum {
	BACKLOG = 256,
	CONNECTIONS_MAX = 16, /* to the database */
	FINISH_SECONDS = 90,
	POLL_MICROSECONDS = 50000,
	TEXT_BYTES = 1024 * 1024, /* of a message, besides its files */
};

struct program {
	struct member_service members;
	struct sasl_server *passwords;
	struct database_settings database;
	struct restart restart;
};

static void
set_gauges(void *context)
{
	const struct program *program = context;

	metrics_set(METRIC_SUBMISSION_CONNECTIONS, "", sasl_server_connections(program->passwords));
}

static bool
serve_metrics(struct program *program, struct fault *fault)
{
	application_signin_expect(METRIC_SUBMISSION_SIGNINS);
	metrics_expect(METRIC_SUBMISSION_MESSAGES, "outcome=\"sent\"");
	metrics_expect(METRIC_SUBMISSION_MESSAGES, "outcome=\"again\"");
	metrics_expect(METRIC_SUBMISSION_MESSAGES, "outcome=\"refused\"");
	return metrics_serve(program->members.settings->submission_metrics, set_gauges, program,
			     fault);
}

static bool
put_on_record(const struct program *program, struct connection *connection, struct fault *fault)
{
	const struct policy *policy = program->members.policy;
	const struct audit_policy record = {.digest = policy_digest(policy),
					    .text = policy_text(policy),
					    .files = policy_files(policy),
					    .program = "postseal-submission",
					    .node = program->members.settings->hostname};

	return audit_policy(connection, &record, fault);
}

static bool
join_database(struct program *program, struct fault *fault)
{
	struct member_service *members = &program->members;
	g_autoptr(connection_auto) connection = database_take(members->database, fault);

	return connection != NULL && migrate_check(connection, fault) &&
	       ring_join(members->courier, "postseal-submission", members->database,
			 &program->database, fault) &&
	       put_on_record(program, connection, fault);
}

/* As large as the files of the portal are once they are encoded (RFC 2045 §6.8), and their text. */
static uint64_t
limit_of(const struct settings *settings)
{
	return settings->portal_upload / BASE64_LINE_BYTES * 78 + TEXT_BYTES;
}

static bool
prepare(struct member_service *members, struct fault *fault)
{
	const struct settings *settings = members->settings;

	members->body = (struct spool_settings){.directory = settings->portal_spool,
						.memory_max = settings->spool_memory,
						.size_max = limit_of(settings)};
	members->courier = ring_read(settings->secrets, SECRET_COURIER_PUBLIC, fault);
	return members->courier != NULL && catalogue_start(settings->portal_pages, fault);
}

/* Sockets and keys are made and read before root is given up. */
static bool
begin(struct program *program, struct fault *fault)
{
	struct member_service *members = &program->members;
	const struct settings *settings = members->settings;
	const struct milter_socket socket = {.listen = settings->submission_milter,
					     .group = settings->submission_group,
					     .mode = settings->submission_mode,
					     .user = settings->portal_user};
	int listener;

	if (!prepare(members, fault) ||
	    !milter_socket_open(&socket, member_callbacks(members), fault))
		return false;
	listener = daemon_listen(settings->submission_sasl, SOCK_STREAM, BACKLOG,
				 settings->submission_group, settings->submission_mode, fault);
	if (listener < 0 || !daemon_drop_privileges(settings->portal_user, fault))
		return false;
	if (access(settings->portal_spool, W_OK | X_OK) != 0)
		return fault_set(fault, FAULT_CONFIG, "checking portal spool, %s: %s",
				 settings->portal_spool, strerror(errno));
	if (!join_database(program, fault))
		return false;
	program->passwords = sasl_server_start(members->database, settings, listener, fault);
	return program->passwords != NULL && serve_metrics(program, fault);
}

/* A message that is being committed gets its answer. */
static void
finish(struct member_service *members)
{
	gint64 limit = g_get_monotonic_time() + FINISH_SECONDS * G_TIME_SPAN_SECOND;

	while (g_atomic_int_get(&members->messages) > 0 && g_get_monotonic_time() < limit)
		g_usleep(POLL_MICROSECONDS);
}

static int
serve(struct program *program)
{
	const struct daemon_signals signals = {.reload = restart_look,
					       .context = &program->restart};
	g_autofree char *status = g_strdup_printf("listening on %s and %s",
						  program->members.settings->submission_sasl,
						  program->members.settings->submission_milter);
	int ended;

	daemon_watch_signals(&signals);
	daemon_ready(status);
	ended = smfi_main();
	daemon_stopping();
	sasl_server_stop(program->passwords);
	finish(&program->members);
	if (ended != MI_SUCCESS)
		log_error("libmilter ended with an error");
	return ended == MI_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
run(const char *config)
{
	/* It and the program stay, because sessions that wait for the MTA may still use them after
	 * libmilter has ended. */
	struct policy *policy = policy_read(config, methods_for_policy());
	const struct settings *settings = policy == NULL ? NULL : policy_settings(policy);
	static struct program program;
	struct fault fault;

	if (policy == NULL)
		return EXIT_CONFIGURATION;
	if (*settings->submission_sasl == '\0') {
		log_error("submission sasl is not set in %s: there is nothing to do", config);
		return EXIT_CONFIGURATION;
	}
	program.members = (struct member_service){.settings = settings, .policy = policy};
	program.database = (struct database_settings){.url = settings->database,
						      .role = "postseal_portal",
						      .connections_max = CONNECTIONS_MAX};
	program.members.database = database_new(&program.database);
	program.restart =
		(struct restart){.config = config, .at_start = settings, .program = "submission"};
	if (!begin(&program, &fault)) {
		log_error("%s", fault.text);
		return EXIT_FAILURE;
	}
	program.restart.ring = program.members.courier;
	return serve(&program);
}

int
main(int argc, char **argv)
{
	const char *config = daemon_begin(argc, argv, "postseal-submission");

	mime_start();
	letter_start();
	return run(config);
}
