#include "keystore/finder/server.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/daemon.h"
#include "core/log.h"
#include "core/metrics.h"
#include "keystore/finder/asker.h"
#include "keystore/finder/finders.h"
#include "keystore/finder/schedule.h"

enum {
	BACKLOG = 1024,
	/* Each question may have two connections of its own (IPv6 and IPv4), and there are log and
	 * metrics. */
	OTHER_DESCRIPTORS = 2 * FINDER_THREADS + 32,
	AGAIN_MILLISECONDS = 50,
	QUESTION_SECONDS_MAX = 60, /* whatever the asker says */
	SOCKET_MODE = 0660,
};

/* The first entries that are polled; askers follow. */
enum { STOP, LISTENER, ASKERS };

struct server {
	const struct settings *settings;
	int listener;
	int stop; /* eventfd: readable once the server is to stop */
	GMutex stopping;
	guint connections_max;
	GPtrArray *askers; /* struct asker */
	GArray *polled;	   /* struct pollfd */
	struct schedule *schedule;
};

/* A question between its arrival and its answer. */
struct job {
	const struct settings *settings;
	struct asker *asker;
	struct finder_asked asked;
	gint64 until;
};

/* --- questions --- */

static char *
labels(enum finder_wish wish, enum finder_outcome outcome)
{
	return g_strdup_printf("source=\"%s\",outcome=\"%s\"", finder_wish_name(wish),
			       finder_outcome_name(outcome));
}

static void
count(enum finder_wish wish, enum finder_outcome outcome, gint64 begun)
{
	g_autofree char *answer = labels(wish, outcome);
	g_autofree char *source = g_strdup_printf("source=\"%s\"", finder_wish_name(wish));

	metrics_count(METRIC_FINDER_ANSWERS, answer, 1);
	metrics_end(begun, METRIC_FINDER, source);
}

static void
expect_metrics(void)
{
	for (enum finder_wish wish = FINDER_PING + 1; wish < FINDER_WISHES; wish++)
		for (enum finder_outcome outcome = FINDER_FOUND;
		     finder_find(wish) != NULL && outcome <= FINDER_FAILED; outcome++) {
			g_autofree char *answer = labels(wish, outcome);
			g_autofree char *source =
				g_strdup_printf("source=\"%s\"", finder_wish_name(wish));

			metrics_expect(METRIC_FINDER_ANSWERS, answer);
			metrics_expect(METRIC_FINDER, source);
		}
}

static void
ask(struct job *job)
{
	const struct finder_task task = {.settings = job->settings,
					 .subject = job->asked.subject,
					 .body = job->asked.body,
					 .until = job->until,
					 .asker = job->asker};
	g_auto(finder_answer_auto) answer = {0};
	gint64 begun = metrics_begin();

	finders_ask(job->asked.wish, &task, &answer);
	if (job->asked.wish != FINDER_PING)
		count(job->asked.wish, answer.outcome, begun);
	asker_answer(job->asker, job->asked.number, &answer);
}

static void
run(void *work)
{
	struct job *job = work;

	if (!asker_has_left(job->asker))
		ask(job);
	asker_unref(job->asker);
	finder_asked_clear(&job->asked);
	g_free(job);
}

static void
take_question(struct asker *asker, const struct finder_asked *asked, void *context)
{
	const gint64 most = QUESTION_SECONDS_MAX * 1000;
	g_autofree char *place = finders_place(asked->wish, asked->subject);
	struct server *server = context;
	struct job *job = g_new0(struct job, 1);

	job->settings = server->settings;
	job->asker = asker_ref(asker);
	job->asked = *asked;
	job->until = g_get_monotonic_time() + MIN((gint64)asked->milliseconds, most) * 1000;
	schedule_add(server->schedule, place, job);
}

/* --- askers --- */

static bool
is_full(const struct server *server)
{
	return server->askers->len >= server->connections_max;
}

/* False if connections cannot be accepted now, for want of descriptors or memory. */
static bool
accept_all(struct server *server)
{
	while (!is_full(server)) {
		int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0)
			g_ptr_array_add(server->askers, asker_new(fd));
		else if (errno == EAGAIN)
			return true;
		else if (errno != EINTR && errno != ECONNABORTED)
			return false;
	}
	return true;
}

static void
read_askers(struct server *server)
{
	for (guint i = server->polled->len; i-- > ASKERS;) {
		const struct pollfd polled = g_array_index(server->polled, struct pollfd, i);
		struct asker *asker = g_ptr_array_index(server->askers, i - ASKERS);

		if (polled.revents == 0 || asker_read(asker, take_question, server))
			continue;
		asker_leave(asker);
		g_ptr_array_remove_index_fast(server->askers, i - ASKERS);
	}
}

static void
watch(struct server *server, int fd)
{
	const struct pollfd polled = {.fd = fd, .events = POLLIN};

	g_array_append_val(server->polled, polled);
}

/* Returns how long to wait, since what is not watched now can be watched again later. */
static int
watch_all(struct server *server, bool again)
{
	const bool listens = !again && !is_full(server);
	bool paused = false;

	g_array_set_size(server->polled, 0);
	watch(server, server->stop);
	watch(server, listens ? server->listener : -1);
	for (guint i = 0; i < server->askers->len; i++) {
		const struct asker *asker = g_ptr_array_index(server->askers, i);
		const bool full = asker_is_full(asker);

		watch(server, full ? -1 : asker_descriptor(asker));
		paused |= full;
	}
	return listens && !paused ? -1 : AGAIN_MILLISECONDS;
}

void
server_run(struct server *server)
{
	bool told = false, again = false;

	do {
		int wait = watch_all(server, again);

		if (poll((struct pollfd *)(void *)server->polled->data, server->polled->len, wait) <
		    0)
			continue;
		read_askers(server);
		again = !accept_all(server);
		if (again && !told)
			log_warning("accepting connections: %s; trying again", strerror(errno));
		told = again;
	} while (g_array_index(server->polled, struct pollfd, STOP).revents == 0);
}

/* --- its life --- */

struct server *
server_new(const struct settings *settings, struct fault *fault)
{
	int listener = daemon_listen(settings->finder_socket, SOCK_STREAM, BACKLOG, "", SOCKET_MODE,
				     fault);
	struct server *server;

	if (listener < 0)
		return NULL;
	server = g_new0(struct server, 1);
	server->settings = settings;
	server->listener = listener;
	server->stop = eventfd(0, EFD_CLOEXEC);
	g_mutex_init(&server->stopping);
	server->connections_max = daemon_connections(OTHER_DESCRIPTORS);
	server->askers = g_ptr_array_new_with_free_func((GDestroyNotify)(void *)asker_unref);
	server->polled = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
	expect_metrics();
	server->schedule = schedule_new(FINDER_THREADS, FINDER_AT_ONCE, run);
	return server;
}

void
server_free(struct server *server)
{
	if (server == NULL)
		return;
	for (guint i = 0; i < server->askers->len; i++) /* nothing more is asked for them */
		asker_leave(g_ptr_array_index(server->askers, i));
	schedule_free(server->schedule);
	g_ptr_array_unref(server->askers);
	g_array_unref(server->polled);
	close(server->listener);
	g_mutex_lock(&server->stopping); /* whoever stopped it is done */
	close(server->stop);
	g_mutex_unlock(&server->stopping);
	g_mutex_clear(&server->stopping);
	g_free(server);
}

void
server_stop(struct server *server)
{
	uint64_t one = 1;

	g_mutex_lock(&server->stopping);
	if (write(server->stop, &one, sizeof one) != sizeof one)
		log_error("stopping: writing to an eventfd failed");
	g_mutex_unlock(&server->stopping);
}
