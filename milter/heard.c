#include "milter/heard.h"

#include "core/log.h"
#include "delivery/offer.h"

enum { PAUSE_MSEC = 500 };

static struct {
	struct database *database;
	GThread *thread;
	GMutex lock;
	GCond news;
	GPtrArray *messages; /* texts of identifiers */
	bool stop;
} heard;

static GPtrArray *
new_list(void)
{
	return g_ptr_array_new_with_free_func(g_free);
}

/* What is not noted is lost to nobody but the one who sends the same thing again within the
 * lifetime of an offer. */
static void
put_down(const GPtrArray *messages)
{
	struct fault fault;

	if (messages->len > 0 && !offer_heard(heard.database, messages, &fault))
		log_warning("noting that the MTA heard %u answers: %s", messages->len, fault.text);
}

static gpointer
note_all(gpointer unused)
{
	bool stop;

	(void)unused;
	do {
		g_autoptr(GPtrArray) messages = NULL;

		g_mutex_lock(&heard.lock);
		if (!heard.stop)
			g_cond_wait_until(&heard.news, &heard.lock,
					  g_get_monotonic_time() +
						  PAUSE_MSEC * G_TIME_SPAN_MILLISECOND);
		stop = heard.stop;
		messages = heard.messages;
		heard.messages = new_list();
		g_mutex_unlock(&heard.lock);
		put_down(messages);
	} while (!stop);
	return NULL;
}

void
heard_start(struct database *database)
{
	heard.database = database;
	heard.messages = new_list();
	heard.thread = g_thread_new("heard", note_all, NULL);
}

void
heard_note(const struct identifier *message)
{
	g_mutex_lock(&heard.lock);
	g_ptr_array_add(heard.messages, g_strdup(message->text));
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
