#include "policy/directory_lookup.h"

#include <string.h>

#include "keystore/finder.h"

enum {
	WAIT_SECONDS = 5,
	/* How long nobody asks after a failure: while a directory is down, each message would wait
	 * for it in vain. */
	PAUSE_SECONDS = 5,
	KNOWN_MAX = 100000,
};

struct known {
	bool has;
	gint64 until; /* g_get_monotonic_time() */
};

struct directory_lookup {
	char *directory;
	GBytes *question; /* the directory and the filter, as the finder is asked */
	gint64 lifetime;  /* microseconds */
	char *finder;
	GMutex mutex; /* for what follows */
	GHashTable *known;
	gint64 paused_until;
	struct fault failure; /* the last */
};

struct directory_lookup *
directory_lookup_new(const char *directory, const char *filter, uint64_t lifetime)
{
	struct directory_lookup *lookup = g_new0(struct directory_lookup, 1);
	char *question = g_strconcat(directory, "\n", filter, NULL);

	lookup->directory = g_strdup(directory);
	lookup->question = g_bytes_new_take(question, strlen(question));
	lookup->lifetime = (gint64)lifetime * G_USEC_PER_SEC;
	lookup->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_mutex_init(&lookup->mutex);
	return lookup;
}

void
directory_lookup_free(struct directory_lookup *lookup)
{
	if (lookup == NULL)
		return;
	g_mutex_clear(&lookup->mutex);
	g_hash_table_unref(lookup->known);
	g_bytes_unref(lookup->question);
	g_free(lookup->directory);
	g_free(lookup->finder);
	g_free(lookup);
}

const char *
directory_lookup_directory(const struct directory_lookup *lookup)
{
	return lookup->directory;
}

void
directory_lookup_connect(struct directory_lookup *lookup, const char *finder)
{
	g_free(lookup->finder);
	lookup->finder = g_strdup(finder);
}

bool
directory_lookup_ask(struct directory_lookup *lookup, const char *key, bool *has_r,
		     struct fault *fault)
{
	const struct finder_question question = {FINDER_LDAP_ENTRY, key, lookup->question};
	const gint64 until = g_get_monotonic_time() + WAIT_SECONDS * G_USEC_PER_SEC;
	g_auto(finder_answer_auto) answer = {0};

	if (!finder_ask(lookup->finder, &question, 1, until, &answer, fault))
		return false;
	*has_r = answer.outcome == FINDER_FOUND;
	return answer.outcome != FINDER_FAILED || fault_set(fault, FAULT_TIMEOUT, "%s", answer.why);
}

/* --- what is remembered --- */

/* True if nobody is to be asked: because it is known, or, with `fault` filled, because the last
 * question has just failed. */
static bool
recall(struct directory_lookup *lookup, const char *key, bool *has_r, bool *good_r,
       struct fault *fault)
{
	const gint64 now = g_get_monotonic_time();
	const struct known *known;
	bool settled = false;

	*good_r = true;
	g_mutex_lock(&lookup->mutex);
	known = g_hash_table_lookup(lookup->known, key);
	if (known != NULL && known->until > now) {
		*has_r = known->has;
		settled = true;
	} else if (lookup->paused_until > now) {
		*fault = lookup->failure;
		*good_r = false;
		settled = true;
	}
	g_mutex_unlock(&lookup->mutex);
	return settled;
}

static void
remember(struct directory_lookup *lookup, const char *key, bool has)
{
	struct known *known = g_new(struct known, 1);

	*known = (struct known){has, g_get_monotonic_time() + lookup->lifetime};
	g_mutex_lock(&lookup->mutex);
	if (g_hash_table_size(lookup->known) >= KNOWN_MAX)
		g_hash_table_remove_all(lookup->known);
	g_hash_table_replace(lookup->known, g_strdup(key), known);
	lookup->paused_until = 0;
	g_mutex_unlock(&lookup->mutex);
}

static void
pause_after(struct directory_lookup *lookup, const struct fault *fault)
{
	g_mutex_lock(&lookup->mutex);
	lookup->failure = *fault;
	lookup->paused_until = g_get_monotonic_time() + PAUSE_SECONDS * G_USEC_PER_SEC;
	g_mutex_unlock(&lookup->mutex);
}

bool
directory_lookup_has(struct directory_lookup *lookup, const char *key, bool *has_r,
		     struct fault *fault)
{
	bool good;

	if (recall(lookup, key, has_r, &good, fault))
		return good;
	if (!directory_lookup_ask(lookup, key, has_r, fault)) {
		pause_after(lookup, fault);
		return false;
	}
	remember(lookup, key, *has_r);
	return true;
}
