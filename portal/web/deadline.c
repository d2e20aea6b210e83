#include "portal/web/deadline.h"

#include <stdbool.h>
#include <sys/socket.h>

struct deadlines {
	enum metric cut;
	GMutex lock;
	GCond ends;
	bool ended;
	GQueue all; /* struct deadline */
	GThread *thread;
};

struct deadline {
	struct deadlines *deadlines;
	GList link;
	int socket;
	gint64 at;
};

/* Call with the lock held: a socket that is closed meanwhile may be reused for someone else. */
static void
shut_those_beyond(struct deadlines *deadlines, gint64 now)
{
	for (GList *link = deadlines->all.head; link != NULL; link = link->next) {
		struct deadline *deadline = link->data;

		if (deadline->at == 0 || deadline->at > now)
			continue;
		deadline->at = 0;
		shutdown(deadline->socket, SHUT_RDWR);
		metrics_count(deadlines->cut, "", 1);
	}
}

static void *
watch(void *context)
{
	struct deadlines *deadlines = context;

	g_mutex_lock(&deadlines->lock);
	while (!deadlines->ended) {
		gint64 now = g_get_monotonic_time();

		shut_those_beyond(deadlines, now);
		g_cond_wait_until(&deadlines->ends, &deadlines->lock, now + G_TIME_SPAN_SECOND);
	}
	g_mutex_unlock(&deadlines->lock);
	return NULL;
}

struct deadlines *
deadlines_new(enum metric cut)
{
	struct deadlines *deadlines = g_new0(struct deadlines, 1);

	g_mutex_init(&deadlines->lock);
	g_cond_init(&deadlines->ends);
	g_queue_init(&deadlines->all);
	deadlines->cut = cut;
	deadlines->thread = g_thread_new("deadlines", watch, deadlines);
	return deadlines;
}

void
deadlines_free(struct deadlines *deadlines)
{
	g_mutex_lock(&deadlines->lock);
	deadlines->ended = true;
	g_cond_signal(&deadlines->ends);
	g_mutex_unlock(&deadlines->lock);
	g_thread_join(deadlines->thread);
	g_mutex_clear(&deadlines->lock);
	g_cond_clear(&deadlines->ends);
	g_free(deadlines);
}

struct deadline *
deadline_add(struct deadlines *deadlines, int socket)
{
	struct deadline *deadline = g_new0(struct deadline, 1);

	deadline->deadlines = deadlines;
	deadline->socket = socket;
	deadline->link.data = deadline;
	g_mutex_lock(&deadlines->lock);
	g_queue_push_tail_link(&deadlines->all, &deadline->link);
	g_mutex_unlock(&deadlines->lock);
	return deadline;
}

void
deadline_remove(struct deadline *deadline)
{
	struct deadlines *deadlines = deadline->deadlines;

	g_mutex_lock(&deadlines->lock);
	g_queue_unlink(&deadlines->all, &deadline->link);
	g_mutex_unlock(&deadlines->lock);
	g_free(deadline);
}

void
deadline_set(struct deadline *deadline, gint64 at)
{
	if (deadline == NULL)
		return;
	g_mutex_lock(&deadline->deadlines->lock);
	deadline->at = at;
	g_mutex_unlock(&deadline->deadlines->lock);
}
