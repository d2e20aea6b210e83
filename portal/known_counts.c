#include "portal/known_counts.h"

#include <glib.h>

struct counted {
	unsigned long all, unread;
	gint64 at; /* from g_get_monotonic_time() */
};

struct known_counts {
	GMutex lock;
	GHashTable *folders; /* "ACCOUNT/FOLDER" to struct counted */
};

struct known_counts *
known_counts_new(void)
{
	struct known_counts *known = g_new0(struct known_counts, 1);

	g_mutex_init(&known->lock);
	known->folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return known;
}

void
known_counts_free(struct known_counts *known)
{
	g_mutex_clear(&known->lock);
	g_hash_table_unref(known->folders);
	g_free(known);
}

static char *
name_of(const char *account, const char *folder)
{
	return g_strconcat(account, "/", folder, NULL);
}

static bool
is_fresh(const struct counted *counted)
{
	return g_get_monotonic_time() - counted->at <
	       KNOWN_COUNTS_SECONDS * (gint64)G_TIME_SPAN_SECOND;
}

bool
known_counts_get(struct known_counts *known, const char *account, const char *folder,
		 unsigned long *all_r, unsigned long *unread_r)
{
	g_autofree char *name = name_of(account, folder);
	const struct counted *counted;
	bool found;

	g_mutex_lock(&known->lock);
	counted = g_hash_table_lookup(known->folders, name);
	found = counted != NULL && is_fresh(counted);
	if (found) {
		*all_r = counted->all;
		*unread_r = counted->unread;
	}
	g_mutex_unlock(&known->lock);
	return found;
}

void
known_counts_put(struct known_counts *known, const char *account, const char *folder,
		 unsigned long all, unsigned long unread)
{
	struct counted *counted;

	if (all < KNOWN_COUNTS_LARGE)
		return;
	counted = g_new(struct counted, 1);
	*counted = (struct counted){all, unread, g_get_monotonic_time()};
	g_mutex_lock(&known->lock);
	if (g_hash_table_size(known->folders) >= KNOWN_COUNTS_MAX)
		g_hash_table_remove_all(known->folders);
	g_hash_table_replace(known->folders, name_of(account, folder), counted);
	g_mutex_unlock(&known->lock);
}

static gboolean
is_of_account(gpointer name, gpointer counted, gpointer account)
{
	(void)counted;
	return g_str_has_prefix(name, account);
}

void
known_counts_forget(struct known_counts *known, const char *account)
{
	g_autofree char *prefix = name_of(account, "");

	g_mutex_lock(&known->lock);
	g_hash_table_foreach_remove(known->folders, is_of_account, prefix);
	g_mutex_unlock(&known->lock);
}
