#include "delivery/courier/mta_sessions.h"

enum {
	SESSIONS_MAX = 4096,
	MAILS_MAX = 1000, /* of a session */
};

struct mta_sessions {
	GHashTable *mails; /* process → GPtrArray of queue IDs */
};

static void
unref(gpointer mails)
{
	g_ptr_array_unref(mails);
}

struct mta_sessions *
mta_sessions_new(void)
{
	struct mta_sessions *sessions = g_new(struct mta_sessions, 1);

	sessions->mails = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref);
	return sessions;
}

void
mta_sessions_free(struct mta_sessions *sessions)
{
	g_hash_table_unref(sessions->mails);
	g_free(sessions);
}

/* What is forgotten is known from the queue manager, only later. */
void
mta_sessions_begin(struct mta_sessions *sessions, const char *process, const char *queue_id)
{
	GPtrArray *mails = g_hash_table_lookup(sessions->mails, process);

	if (mails == NULL) {
		if (g_hash_table_size(sessions->mails) >= SESSIONS_MAX)
			g_hash_table_remove_all(sessions->mails);
		mails = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(sessions->mails, g_strdup(process), mails);
	}
	if (mails->len < MAILS_MAX)
		g_ptr_array_add(mails, g_strdup(queue_id));
}

void
mta_sessions_forget(struct mta_sessions *sessions)
{
	g_hash_table_remove_all(sessions->mails);
}

GPtrArray *
mta_sessions_end(struct mta_sessions *sessions, const char *process, unsigned accepted)
{
	GPtrArray *mails = g_hash_table_lookup(sessions->mails, process);

	mails = mails == NULL || mails->len != accepted ? NULL : g_ptr_array_ref(mails);
	g_hash_table_remove(sessions->mails, process);
	return mails;
}
