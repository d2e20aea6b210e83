#include "portal/failed_previews.h"

struct cost {
	gint64 milliseconds;
	gint64 since; /* from g_get_monotonic_time() */
};

struct failed_previews {
	GMutex lock;
	GHashTable *messages; /* identifier to struct cost */
};

struct failed_previews *
failed_previews_new(void)
{
	struct failed_previews *failed = g_new0(struct failed_previews, 1);

	g_mutex_init(&failed->lock);
	failed->messages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return failed;
}

void
failed_previews_free(struct failed_previews *failed)
{
	g_mutex_clear(&failed->lock);
	g_hash_table_unref(failed->messages);
	g_free(failed);
}

/* NULL: none, or it was long ago. */
static struct cost *
cost_of(struct failed_previews *failed, const char *message, gint64 now)
{
	struct cost *cost = g_hash_table_lookup(failed->messages, message);

	return cost != NULL && now - cost->since <
				       FAILED_PREVIEWS_SECONDS * (gint64)G_TIME_SPAN_SECOND
		       ? cost
		       : NULL;
}

bool
failed_previews_may_try(struct failed_previews *failed, const char *message, gint64 now)
{
	const struct cost *cost;
	bool may_try;

	g_mutex_lock(&failed->lock);
	cost = cost_of(failed, message, now);
	may_try = cost == NULL || cost->milliseconds < FAILED_PREVIEWS_MILLISECONDS;
	g_mutex_unlock(&failed->lock);
	return may_try;
}

static struct cost *
new_cost(struct failed_previews *failed, const char *message, gint64 now)
{
	struct cost *cost = g_new0(struct cost, 1);

	if (g_hash_table_size(failed->messages) >= FAILED_PREVIEWS_MAX)
		g_hash_table_remove_all(failed->messages);
	cost->since = now;
	g_hash_table_replace(failed->messages, g_strdup(message), cost);
	return cost;
}

void
failed_previews_add(struct failed_previews *failed, const char *message, gint64 milliseconds,
		    gint64 now)
{
	struct cost *cost;

	g_mutex_lock(&failed->lock);
	cost = cost_of(failed, message, now);
	if (cost == NULL)
		cost = new_cost(failed, message, now);
	cost->milliseconds += milliseconds;
	g_mutex_unlock(&failed->lock);
}
