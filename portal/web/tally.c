#include "portal/web/tally.h"

#include <glib.h>

struct tally {
	GMutex lock;
	GHashTable *counts; /* maps names to numbers; there is no entry for 0 */
	unsigned all, one_max, all_max;
};

struct tally *
tally_new(unsigned one_max, unsigned all_max)
{
	struct tally *tally = g_new0(struct tally, 1);

	g_mutex_init(&tally->lock);
	tally->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	tally->one_max = one_max;
	tally->all_max = all_max;
	return tally;
}

void
tally_free(struct tally *tally)
{
	g_mutex_clear(&tally->lock);
	g_hash_table_unref(tally->counts);
	g_free(tally);
}

static unsigned
count_of(const struct tally *tally, const char *whom)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(tally->counts, whom));
}

bool
tally_add(struct tally *tally, const char *whom)
{
	unsigned count;
	bool added;

	g_mutex_lock(&tally->lock);
	count = count_of(tally, whom);
	added = count < tally->one_max && tally->all < tally->all_max;
	if (added) {
		g_hash_table_replace(tally->counts, g_strdup(whom), GUINT_TO_POINTER(count + 1));
		tally->all++;
	}
	g_mutex_unlock(&tally->lock);
	return added;
}

void
tally_remove(struct tally *tally, const char *whom)
{
	unsigned count;

	g_mutex_lock(&tally->lock);
	count = count_of(tally, whom);
	if (count > 1)
		g_hash_table_replace(tally->counts, g_strdup(whom), GUINT_TO_POINTER(count - 1));
	else
		g_hash_table_remove(tally->counts, whom);
	tally->all--;
	g_mutex_unlock(&tally->lock);
}
