#include "portal/web/apart.h"

#include <string.h>

enum {
	PAGES_MAX = 8,	  /* threads with pages */
	LONGS_MAX = 4,	  /* of these, with the slowest; one for each visitor */
	PICTURES_MAX = 2, /* threads with pictures; one for each visitor */
	FILES_MAX = 2,	  /* threads with large files; one for each visitor */
	THREADS = PAGES_MAX + PICTURES_MAX + FILES_MAX,
	SHARE = 2,	    /* threads that work for one visitor */
	WAITING_MAX = 32,   /* requests of one visitor */
	ARRIVING_MAX = 256, /* of one network, until it is known who asks, which is soon */
	TURNS_MAX = 10000,  /* visitors; beyond that, all turns are forgotten */
};

/* What a job shares its places with. */
enum lane { ARRIVING, PAGES, PICTURES, FILES };

struct job {
	struct MHD_Connection *mhd;
	enum apart_kind kind;
	enum lane lane; /* ARRIVING: it is not known yet whose job it is */
	char *network;
	char *visitor; /* with the lane: nobody's pages wait behind their pictures; the network
			  while the job is arriving, or if the visitor is nobody else */
	void *request;
};

struct apart {
	struct apart_work work;
	GMutex lock;
	GCond changed;
	GQueue waiting, working; /* struct job */
	GHashTable *turns;	 /* visitor to the number of the job that began last, from 1 */
	gsize turn;		 /* of the last one */
	bool closing;
	GThread *threads[THREADS];
};

static char *
visitor_in(enum lane lane, const char *who)
{
	static const char *const names[] = {[ARRIVING] = "arriving ",
					    [PAGES] = "pages ",
					    [PICTURES] = "pictures ",
					    [FILES] = "files "};

	return g_strconcat(names[lane], who, NULL);
}

/* Visitors must not hold up themselves before it is known who they are. */
static bool
is_of_same(const struct job *one, const struct job *other)
{
	return strcmp(one->visitor, other->visitor) == 0;
}

static unsigned
count_of_same(const GQueue *jobs, const struct job *as)
{
	unsigned count = 0;

	for (const GList *link = jobs->head; link != NULL; link = link->next)
		count += is_of_same(link->data, as);
	return count;
}

static bool
is_slow(const struct job *job)
{
	return job->lane != ARRIVING && job->kind != APART_PAGE;
}

/* May the job begin, given what is being worked on? */
static bool
has_place(const struct apart *apart, const struct job *job)
{
	unsigned pages = 0, longs = 0, pictures = 0, files = 0;

	for (const GList *link = apart->working.head; link != NULL; link = link->next) {
		const struct job *other = link->data;

		if (is_slow(job) && is_slow(other) && is_of_same(other, job))
			return false;
		pages += other->lane == ARRIVING || other->lane == PAGES;
		longs += other->lane == PAGES && other->kind == APART_LONG;
		pictures += other->lane == PICTURES;
		files += other->lane == FILES;
	}
	if (job->lane == PICTURES)
		return pictures < PICTURES_MAX;
	if (job->lane == FILES)
		return files < FILES_MAX;
	return pages < PAGES_MAX && (!is_slow(job) || longs < LONGS_MAX);
}

/* When something was last begun for the visitor; 0: long ago. */
static gsize
last_turn(const struct apart *apart, const struct job *job)
{
	return GPOINTER_TO_SIZE(g_hash_table_lookup(apart->turns, job->visitor));
}

static void
take_turn(struct apart *apart, const struct job *job)
{
	if (g_hash_table_size(apart->turns) >= TURNS_MAX)
		g_hash_table_remove_all(apart->turns);
	g_hash_table_replace(apart->turns, g_strdup(job->visitor), GSIZE_TO_POINTER(++apart->turn));
}

/* Among the visitors below their share, takes the one for whom the least work is under way; among
 * equals, the one whose last turn was the longest ago, so that somebody with many requests has only
 * one of them served before everybody else has had a turn; then the one who has waited longest. */
static GList *
best_of(const struct apart *apart)
{
	unsigned least = SHARE;
	gsize first = 0;
	GList *best = NULL;

	for (GList *link = apart->waiting.head; link != NULL; link = link->next) {
		const struct job *job = link->data;
		const unsigned count = count_of_same(&apart->working, job);
		const gsize turn = last_turn(apart, job);

		if (count > least || (count == least && (best == NULL || turn >= first)) ||
		    !has_place(apart, job))
			continue;
		least = count;
		first = turn;
		best = link;
	}
	return best;
}

static struct job *
next_job(struct apart *apart)
{
	GList *next = best_of(apart);
	struct job *job;

	if (next == NULL)
		return NULL;
	job = next->data;
	g_queue_delete_link(&apart->waiting, next);
	g_queue_push_tail(&apart->working, job);
	take_turn(apart, job);
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
	g_free(job->network);
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

/* Call with the lock. */
static bool
enter(struct apart *apart, struct job *job)
{
	const unsigned most = job->lane == ARRIVING ? ARRIVING_MAX : WAITING_MAX;
	const bool entered = !apart->closing && count_of_same(&apart->waiting, job) < most;

	if (entered)
		g_queue_push_tail(&apart->waiting, job);
	g_cond_broadcast(&apart->changed);
	return entered;
}

static void
refuse(struct apart *apart, struct job *job)
{
	apart->work.refuse(job->request);
	finish(job);
}

static enum lane
lane_of(const struct job *job)
{
	switch (job->kind) {
	case APART_PICTURE:
		return PICTURES;
	case APART_FILES:
		return FILES;
	default:
		return PAGES;
	}
}

/* Finds out whose job it is; then it waits among that visitor's jobs. Both in one step, so that
 * what arrived later does not overtake it. */
static void
receive(struct apart *apart, struct job *job)
{
	g_autofree char *who = apart->work.who(job->request);
	bool entered;

	g_mutex_lock(&apart->lock);
	g_queue_remove(&apart->working, job);
	job->lane = lane_of(job);
	g_free(job->visitor);
	job->visitor = visitor_in(job->lane, who != NULL ? who : job->network);
	entered = enter(apart, job);
	g_mutex_unlock(&apart->lock);
	if (!entered)
		refuse(apart, job);
}

static void *
work(void *context)
{
	struct apart *apart = context;
	struct job *job;

	while ((job = take(apart)) != NULL) {
		if (job->lane == ARRIVING) {
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
	apart->turns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_mutex_init(&apart->lock);
	g_cond_init(&apart->changed);
	for (int i = 0; i < THREADS; i++)
		apart->threads[i] = g_thread_new("apart", work, apart);
	return apart;
}

void
apart_serve(struct apart *apart, struct MHD_Connection *mhd, const char *network,
	    enum apart_kind kind, void *request)
{
	struct job *job = g_new(struct job, 1);
	bool entered;

	*job = (struct job){.mhd = mhd,
			    .kind = kind,
			    .lane = ARRIVING,
			    .network = g_strdup(network),
			    .visitor = visitor_in(ARRIVING, network),
			    .request = request};
	MHD_suspend_connection(mhd);
	g_mutex_lock(&apart->lock);
	entered = enter(apart, job);
	g_mutex_unlock(&apart->lock);
	if (!entered)
		refuse(apart, job);
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
	g_hash_table_unref(apart->turns);
	g_free(apart);
}
