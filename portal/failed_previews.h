/*
 * What previews of a message have cost in vain: a message full of files that take all the time that
 * a preview may take, and show nothing, is soon not tried any more. Kept in memory, for an hour.
 */
#ifndef POSTSEAL_PORTAL_FAILED_PREVIEWS_H
#define POSTSEAL_PORTAL_FAILED_PREVIEWS_H

#include <glib.h>
#include <stdbool.h>

enum {
	FAILED_PREVIEWS_MILLISECONDS = 1000, /* that a message may cost */
	FAILED_PREVIEWS_SECONDS = 3600,
	FAILED_PREVIEWS_MAX = 10000, /* messages; beyond that, all are forgotten */
};

struct failed_previews;

struct failed_previews *failed_previews_new(void);
void failed_previews_free(struct failed_previews *failed);

/* `now`: from g_get_monotonic_time(). */
bool failed_previews_may_try(struct failed_previews *failed, const char *message, gint64 now);
/* One has failed, after some milliseconds. */
void failed_previews_add(struct failed_previews *failed, const char *message, gint64 milliseconds,
			 gint64 now);

#endif
