/* The courier, postseal-courier(8): drains the outbox and does the chores. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/catalogue.h"
#include "core/daemon.h"
#include "core/database.h"
#include "core/listener.h"
#include "core/log.h"
#include "core/migrate.h"
#include "core/restart.h"
#include "core/seal/key_file.h"
#include "delivery/courier/chore.h"
#include "delivery/courier/figures.h"
#include "delivery/courier/sms.h"
#include "mail/letter.h"
#include "mail/mime_stream.h"

enum {
	POLL_SECONDS = 5,  /* while there are no notifications: retries become due */
	PAUSE_SECONDS = 5, /* after trouble with the MTA or the database */
	NAME_MAX_BYTES = 300,
	LULL_MSEC = 200, /* without news: nobody is sending any more */
	BURST_MAX_SECONDS = 30,
};

/* While mail is arriving, its senders wait for the milter, so the helpers leave the machine to it;
 * but for no longer than BURST_MAX_SECONDS, since the mail has to go out as well. */
enum crew { STEADY, HELPERS, CREWS };

static struct {
	GMutex lock;
	GCond wake[CREWS];
	bool called[CREWS]; /* a worker should look for work */
	GCond time;	    /* for the chores, and for workers that pause */
	gint64 burst, news; /* when mail began to arrive, and when the last of it did */
	bool stop;
} shared;

/* Waking one of each crew is enough: a worker that finds work wakes the next. */
static void
call_workers(void)
{
	g_mutex_lock(&shared.lock);
	for (int i = 0; i < CREWS; i++) {
		shared.called[i] = true;
		g_cond_signal(&shared.wake[i]);
	}
	g_mutex_unlock(&shared.lock);
}

static void
hear_news(void *context, const char *payload)
{
	gint64 now = g_get_monotonic_time();

	(void)context;
	(void)payload;
	g_mutex_lock(&shared.lock);
	if (now - shared.news > LULL_MSEC * G_TIME_SPAN_MILLISECOND)
		shared.burst = now;
	shared.news = now;
	g_mutex_unlock(&shared.lock);
	call_workers();
}

static void
stand_back(void)
{
	g_mutex_lock(&shared.lock);
	for (;;) {
		gint64 now = g_get_monotonic_time();
		gint64 lull = shared.news + LULL_MSEC * G_TIME_SPAN_MILLISECOND;

		if (shared.stop || now >= lull ||
		    now - shared.burst > BURST_MAX_SECONDS * G_TIME_SPAN_SECOND)
			break;
		g_cond_wait_until(&shared.time, &shared.lock, lull);
	}
	g_mutex_unlock(&shared.lock);
}

static void
stop(void *context)
{
	(void)context;
	g_mutex_lock(&shared.lock);
	shared.stop = true;
	for (int i = 0; i < CREWS; i++)
		g_cond_broadcast(&shared.wake[i]);
	g_cond_broadcast(&shared.time);
	g_mutex_unlock(&shared.lock);
}

/* Waits for at most `seconds`, or until *called if that is not NULL; false when the program is to
 * stop. */
static bool
wait_for(unsigned seconds, GCond *condition, bool *called)
{
	gint64 limit = g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;
	bool go_on;

	g_mutex_lock(&shared.lock);
	while (!shared.stop && !(called != NULL && *called) &&
	       g_cond_wait_until(condition, &shared.lock, limit))
		;
	if (called != NULL)
		*called = false;
	go_on = !shared.stop;
	g_mutex_unlock(&shared.lock);
	return go_on;
}

static bool
is_stopping(void)
{
	bool stopping;

	g_mutex_lock(&shared.lock);
	stopping = shared.stop;
	g_mutex_unlock(&shared.lock);
	return stopping;
}

struct worker {
	const struct courier *courier;
	enum crew crew;
	GThread *thread;
};

static gpointer
work(gpointer data)
{
	const struct worker *self = data;
	struct courier_hands hands = {0};
	bool go_on = true;

	while (go_on) {
		struct fault fault = {0};
		unsigned count;

		if (self->crew == HELPERS)
			stand_back();
		if (!courier_round(self->courier, &hands, &count, &fault)) {
			log_warning("%s", fault.text);
			courier_hang_up(&hands);
			go_on = wait_for(PAUSE_SECONDS, &shared.time, NULL);
		} else if (count == 0) {
			courier_hang_up(&hands);
			go_on = wait_for(POLL_SECONDS, &shared.wake[self->crew],
					 &shared.called[self->crew]);
		} else {
			call_workers();
			go_on = !is_stopping();
		}
	}
	courier_hands_clear(&hands);
	return NULL;
}

/* --- chores --- */

struct keeper {
	const struct courier *courier;
	const struct chore *chore;
	char *trouble; /* the trouble that was logged: it is logged once, and once more when it is
			  over */
	GThread *thread;
};

static void
tell_trouble(struct keeper *self, const char *trouble)
{
	if (g_strcmp0(self->trouble, trouble) == 0)
		return;
	if (trouble != NULL)
		log_warning("%s: %s", self->chore->name, trouble);
	else
		log_info("%s: it works again", self->chore->name);
	g_free(self->trouble);
	self->trouble = g_strdup(trouble);
}

static gpointer
keep_house(gpointer data)
{
	struct keeper *self = data;
	bool more;

	do {
		do {
			struct fault fault;
			bool done;

			more = false;
			if (self->chore->stands_back)
				stand_back();
			done = self->chore->run(self->courier, &more, &fault);
			tell_trouble(self, done ? NULL : fault.text);
			more = more && done;
		} while (more && !is_stopping());
	} while (wait_for(self->chore->seconds, &shared.time, NULL));
	g_free(self->trouble);
	return NULL;
}

static GArray *
start_chores(const struct courier *courier)
{
	GArray *keepers = g_array_new(FALSE, TRUE, sizeof(struct keeper));
	guint count = 0;

	while (chores[count] != NULL)
		count++;
	g_array_set_size(keepers, count);
	for (guint i = 0; i < count; i++) {
		struct keeper *keeper = &g_array_index(keepers, struct keeper, i);

		*keeper = (struct keeper){.courier = courier, .chore = chores[i]};
		keeper->thread = g_thread_new("chore", keep_house, keeper);
	}
	return keepers;
}

static void
join_chores(GArray *keepers)
{
	for (guint i = 0; i < keepers->len; i++)
		g_thread_join(g_array_index(keepers, struct keeper, i).thread);
	g_array_unref(keepers);
}

/* How much is waiting, and for how long: read from the database at each scrape. */
static bool
begin(struct courier *courier, const struct database_settings *database, struct fault *fault)
{
	const struct settings *settings = courier->settings;
	g_autoptr(connection_auto) connection = NULL;

	courier->ring = ring_read(settings->secrets, SECRET_COURIER, fault);
	if (courier->ring == NULL || !daemon_drop_privileges(settings->courier_user, fault))
		return false;
	connection = database_take(courier->database, fault);
	return connection != NULL && migrate_check(connection, fault) &&
	       ring_join(courier->ring, "postseal-courier", courier->database, database, fault) &&
	       figures_serve(courier, fault);
}

static void
run_threads(struct courier *courier, const struct database_settings *database,
	    struct restart *restart)
{
	const struct daemon_signals signals = {
		.reload = restart_look, .stop = stop, .context = restart};
	guint count = (guint)MAX(courier->settings->courier_workers, (uint64_t)1);
	g_autofree struct worker *workers = g_new(struct worker, count);
	struct listener *listener = listener_start(database, "postseal_outbox", hear_news, NULL);
	GArray *keepers = start_chores(courier);

	for (guint i = 0; i < count; i++) {
		workers[i].courier = courier;
		workers[i].crew = i < (count + 1) / 2 ? STEADY : HELPERS;
		workers[i].thread = g_thread_new("worker", work, &workers[i]);
	}
	daemon_watch_signals(&signals);
	daemon_ready("handing mail to the MTA");
	for (guint i = 0; i < count; i++)
		g_thread_join(workers[i].thread);
	join_chores(keepers);
	listener_stop(listener);
}

static struct discovery *
discovery_of(const struct courier *courier)
{
	const struct discovery_settings settings = {.database = courier->database,
						    .finder = courier->settings->finder_socket,
						    .sources = courier->settings->keys_from,
						    .gpg_program = courier->settings->gpg_program};

	return discovery_new(&settings);
}

static struct revocation_inquiry *
revocation_of(const struct courier *courier)
{
	const struct revocation_settings settings = {.database = courier->database,
						     .finder = courier->settings->finder_socket};

	return revocation_new(&settings);
}

static int
run(const char *config)
{
	g_autoptr(settings_auto) settings = settings_read(config);
	g_autofree char *name = g_strdup_printf("%s/%d", g_get_host_name(), (int)getpid());
	struct courier courier = {.name = name, .host = g_get_host_name(), .settings = settings};
	struct database_settings database = {.role = "postseal_courier"};
	struct restart restart = {.config = config, .at_start = settings, .program = "courier"};
	struct fault fault;

	if (settings == NULL)
		return EXIT_CONFIGURATION;
	database.url = settings->database;
	courier.database = database_new(&database);
	sms_start();
	if (!catalogue_start(courier.settings->portal_pages, &fault) ||
	    !begin(&courier, &database, &fault)) {
		log_error("%s", fault.text);
		return EXIT_FAILURE;
	}
	restart.ring = courier.ring;
	courier.discovery = discovery_of(&courier);
	courier.revocation = revocation_of(&courier);
	courier.domain_tls = domain_tls_renewal_new(courier.database, settings);
	run_threads(&courier, &database, &restart);
	domain_tls_renewal_free(courier.domain_tls);
	revocation_free(courier.revocation);
	discovery_free(courier.discovery);
	ring_free(courier.ring);
	database_free(courier.database);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	const char *config = daemon_begin(argc, argv, "postseal-courier");

	mime_start();
	letter_start();
	return run(config);
}
