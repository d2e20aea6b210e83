#include "portal/web/apart.h"

#include <string.h>

enum {
	THREADS = 8,
	LONG_MAX_AT_WORK = 4, /* threads with what takes longest; of one visitor, one */
	SHARE = 2,	      /* threads that work for one visitor */
	WAITING_MAX = 32,     /* requests of one visitor */
};

struct job {
	struct MHD_Connection *mhd;
	char *visitor;
	bool is_long;
	void *request;
};

struct apart {
	struct apart_work work;
	GMutex lock;
	GCond changed;
	GQueue waiting, working; /* struct job */
	bool closing;
	GThread *threads[THREADS];
};

/* NULL: anybody's. */
static unsigned
count_of(const GQueue *jobs, const char *visitor, bool only_long)
{
	unsigned count = 0;

	for (const GList *link = jobs->head; link != NULL; link = link->next) {
		const struct job *job = link->data;

		count += (visitor == NULL || strcmp(job->visitor, visitor) == 0) &&
			 (job->is_long || !only_long);
	}
	return count;
}

/* May it be begun, beside what is at work? */
static bool
has_place(const struct apart *apart, const struct job *job)
{
	return !job->is_long || (count_of(&apart->working, NULL, true) < LONG_MAX_AT_WORK &&
				 count_of(&apart->working, job->visitor, true) == 0);
}

/* Of those who have not their share already, the one for whom least is being done; among them, who
 * waits longest. */
static struct job *
next_job(struct apart *apart)
{
	unsigned least = SHARE;
	GList *next = NULL;
	struct job *job;

	for (GList *link = apart->waiting.head; link != NULL && least > 0; link = link->next) {
		unsigned count;

		job = link->data;
		count = count_of(&apart->working, job->visitor, false);
		if (count >= least || !has_place(apart, job))
			continue;
		least = count;
		next = link;
	}
	if (next == NULL)
		return NULL;
	job = next->data;
	g_queue_delete_link(&apart->waiting, next);
	g_queue_push_tail(&apart->working, job);
	return job;
}

/* NULL: all ends. */
static struct job *
take(struct apart *apart)
{
	struct job *job = NULL;

	g_mutex_lock(&apart->lock);
	while (!apart->closing && (job = next_job(apart)) == NULL)
		g_cond_wait(&apart->changed, &apart->lock);
	g_mutex_unlock(&apart->lock);
	return job;
}

static void
finish(struct job *job)
{
	MHD_resume_connection(job->mhd);
	g_free(job->visitor);
	g_free(job);
}

static void
leave(struct apart *apart, struct job *job)
{
	g_mutex_lock(&apart->lock);
	g_queue_remove(&apart->working, job);
	g_cond_broadcast(&apart->changed);
	g_mutex_unlock(&apart->lock);
}

static void *
work(void *context)
{
	struct apart *apart = context;
	struct job *job;

	while ((job = take(apart)) != NULL) {
		apart->work.serve(job->request);
		leave(apart, job);
		finish(job);
	}
	return NULL;
}

struct apart *
apart_new(const struct apart_work *what)
{
	struct apart *apart = g_new0(struct apart, 1);

	apart->work = *what;
	g_mutex_init(&apart->lock);
	g_cond_init(&apart->changed);
	for (int i = 0; i < THREADS; i++)
		apart->threads[i] = g_thread_new("apart", work, apart);
	return apart;
}

static bool
enter(struct apart *apart, struct job *job)
{
	bool entered;

	g_mutex_lock(&apart->lock);
	entered = !apart->closing && count_of(&apart->waiting, job->visitor, false) < WAITING_MAX;
	if (entered)
		g_queue_push_tail(&apart->waiting, job);
	g_cond_signal(&apart->changed);
	g_mutex_unlock(&apart->lock);
	return entered;
}

void
apart_serve(struct apart *apart, struct MHD_Connection *mhd, const char *visitor, bool is_long,
	    void *request)
{
	struct job *job = g_new(struct job, 1);

	*job = (struct job){
		.mhd = mhd, .visitor = g_strdup(visitor), .is_long = is_long, .request = request};
	MHD_suspend_connection(mhd);
	if (enter(apart, job))
		return;
	apart->work.refuse(request);
	finish(job);
}

void
apart_close(struct apart *apart)
{
	struct job *job;

	g_mutex_lock(&apart->lock);
	apart->closing = true;
	g_cond_broadcast(&apart->changed);
	g_mutex_unlock(&apart->lock);
	for (int i = 0; i < THREADS; i++)
		g_thread_join(apart->threads[i]);
	while ((job = g_queue_pop_head(&apart->waiting)) != NULL) {
		apart->work.refuse(job->request);
		finish(job);
	}
}

void
apart_free(struct apart *apart)
{
	g_mutex_clear(&apart->lock);
	g_cond_clear(&apart->changed);
	g_free(apart);
}
