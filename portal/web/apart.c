#include "portal/web/apart.h"

#include <string.h>

enum {
	THREADS = 8,
	LONG_MAX_AT_WORK = 4, /* threads with the slowest requests; one for each visitor */
	SHARE = 2,	      /* threads that work for one visitor */
	WAITING_MAX = 32,     /* requests of one visitor */
	ARRIVING_MAX = 256,   /* of one network, until it is known who asks, which is soon */
};

struct job {
	struct MHD_Connection *mhd;
	char *visitor; /* the network while the job is arriving, or if the visitor is nobody else */
	bool is_arriving; /* it is not known yet whose job it is */
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

/* Visitors must not hold up themselves before it is known who they are. */
static bool
is_of_same(const struct job *one, const struct job *other)
{
	return one->is_arriving == other->is_arriving && strcmp(one->visitor, other->visitor) == 0;
}

static unsigned
count_of_same(const GQueue *jobs, const struct job *as)
{
	unsigned count = 0;

	for (const GList *link = jobs->head; link != NULL; link = link->next)
		count += is_of_same(link->data, as);
	return count;
}

/* May the job begin, given what is being worked on? */
static bool
has_place(const struct apart *apart, const struct job *job)
{
	unsigned count = 0;

	if (!job->is_long || job->is_arriving)
		return true;
	for (const GList *link = apart->working.head; link != NULL; link = link->next) {
		const struct job *other = link->data;

		if (!other->is_long || other->is_arriving)
			continue;
		if (is_of_same(other, job))
			return false;
		count++;
	}
	return count < LONG_MAX_AT_WORK;
}

/* Among the visitors below their share, takes the one for whom the least work is under way; among
 * equals, the one who has waited longest. */
static struct job *
next_job(struct apart *apart)
{
	unsigned least = SHARE;
	GList *next = NULL;
	struct job *job;

	for (GList *link = apart->waiting.head; link != NULL && least > 0; link = link->next) {
		unsigned count;

		job = link->data;
		count = count_of_same(&apart->working, job);
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

/* NULL: the program is to stop. */
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

static bool
enter(struct apart *apart, struct job *job)
{
	const unsigned most = job->is_arriving ? ARRIVING_MAX : WAITING_MAX;
	bool entered;

	g_mutex_lock(&apart->lock);
	entered = !apart->closing && count_of_same(&apart->waiting, job) < most;
	if (entered)
		g_queue_push_tail(&apart->waiting, job);
	g_cond_signal(&apart->changed);
	g_mutex_unlock(&apart->lock);
	return entered;
}

static void
enter_or_refuse(struct apart *apart, struct job *job)
{
	if (enter(apart, job))
		return;
	apart->work.refuse(job->request);
	finish(job);
}

/* Finds out whose job it is; then it waits among that visitor's jobs. */
static void
receive(struct apart *apart, struct job *job)
{
	char *who = apart->work.who(job->request);

	leave(apart, job);
	if (who != NULL) {
		g_free(job->visitor);
		job->visitor = who;
	}
	job->is_arriving = false;
	enter_or_refuse(apart, job);
}

static void *
work(void *context)
{
	struct apart *apart = context;
	struct job *job;

	while ((job = take(apart)) != NULL) {
		if (job->is_arriving) {
			receive(apart, job);
			continue;
		}
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

void
apart_serve(struct apart *apart, struct MHD_Connection *mhd, const char *network, bool is_long,
	    void *request)
{
	struct job *job = g_new(struct job, 1);

	*job = (struct job){.mhd = mhd,
			    .visitor = g_strdup(network),
			    .is_arriving = true,
			    .is_long = is_long,
			    .request = request};
	MHD_suspend_connection(mhd);
	enter_or_refuse(apart, job);
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
