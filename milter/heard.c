#include "milter/heard.h"

#include "core/log.h"

enum { PAUSE_MSEC = 500 };

static struct {
	struct database *database;
	GThread *thread;
	GMutex lock;
	GCond news;
	GArray *offers; /* struct offered */
	bool stop;
} heard;

static GArray *
new_list(void)
{
	return g_array_new(FALSE, FALSE, sizeof(struct offered));
}

/* If a reply is not recorded, the only one affected is a sender who sends the same message again
 * within the lifetime of an offer. */
static void
put_down(const GArray *offers)
{
	struct fault fault;

	if (offers->len > 0 && !offer_heard(heard.database, offers, &fault))
		log_warning("recording that the MTA received %u replies: %s", offers->len,
			    fault.text);
}

static gpointer
note_all(gpointer unused)
{
	bool stop;

	(void)unused;
	do {
		g_autoptr(GArray) offers = NULL;

		g_mutex_lock(&heard.lock);
		if (!heard.stop)
			g_cond_wait_until(&heard.news, &heard.lock,
					  g_get_monotonic_time() +
						  PAUSE_MSEC * G_TIME_SPAN_MILLISECOND);
		stop = heard.stop;
		offers = heard.offers;
		heard.offers = new_list();
		g_mutex_unlock(&heard.lock);
		put_down(offers);
	} while (!stop);
	return NULL;
}

void
heard_start(struct database *database)
{
	heard.database = database;
	heard.offers = new_list();
	heard.thread = g_thread_new("heard", note_all, NULL);
}

void
heard_note(const struct offered *offer)
{
	g_mutex_lock(&heard.lock);
	g_array_append_vals(heard.offers, offer, 1);
	g_mutex_unlock(&heard.lock);
}

void
heard_stop(void)
{
	g_mutex_lock(&heard.lock);
	heard.stop = true;
	g_cond_signal(&heard.news);
	g_mutex_unlock(&heard.lock);
	g_thread_join(heard.thread);
}
