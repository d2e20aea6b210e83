#include "delivery/courier/mta_memory.h"

#include <string.h>

enum {
	SESSIONS_MAX = 4096,
	MAILS_MAX = 1000, /* of a session */
	IDENTS_MAX = 4096,
	CONNECTIONS_MAX = 1024,
	WORDS = 4, /* of a fact: what it is, and what it says; unused ones are empty */
};

static const char begun[] = "begun", came_in[] = "came in", secured[] = "secured";

struct mta_memory {
	GHashTable *sessions;	 /* process → GPtrArray of queue IDs */
	GHashTable *idents;	 /* queue ID → what it came in as */
	GHashTable *connections; /* "process relay" → struct connection_tls */
	guint64 count;		 /* of the connections that there ever were */
};

struct connection_tls {
	char *how;
	char *queue_id; /* of the mail that it was made for, or reused for; "": not yet mentioned */
	guint64 number;
};

static void
unref(gpointer mails)
{
	g_ptr_array_unref(mails);
}

static void
connection_free(gpointer item)
{
	struct connection_tls *connection = item;

	g_free(connection->how);
	g_free(connection->queue_id);
	g_free(connection);
}

struct mta_memory *
mta_memory_new(void)
{
	struct mta_memory *memory = g_new0(struct mta_memory, 1);

	memory->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref);
	memory->idents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	memory->connections =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, connection_free);
	return memory;
}

void
mta_memory_free(struct mta_memory *memory)
{
	g_hash_table_unref(memory->sessions);
	g_hash_table_unref(memory->idents);
	g_hash_table_unref(memory->connections);
	g_free(memory);
}

/* --- sessions --- */

/* What is forgotten is known from the queue manager, only later. */
void
mta_memory_begin(struct mta_memory *memory, const char *process, const char *queue_id)
{
	GPtrArray *mails = g_hash_table_lookup(memory->sessions, process);

	if (mails == NULL) {
		if (g_hash_table_size(memory->sessions) >= SESSIONS_MAX)
			g_hash_table_remove_all(memory->sessions);
		mails = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(memory->sessions, g_strdup(process), mails);
	}
	if (mails->len < MAILS_MAX)
		g_ptr_array_add(mails, g_strdup(queue_id));
}

GPtrArray *
mta_memory_end(struct mta_memory *memory, const char *process, unsigned accepted)
{
	GPtrArray *mails = g_hash_table_lookup(memory->sessions, process);

	mails = mails == NULL || mails->len != accepted ? NULL : g_ptr_array_ref(mails);
	g_hash_table_remove(memory->sessions, process);
	return mails;
}

/* --- what mail came in as --- */

void
mta_memory_set_ident(struct mta_memory *memory, const char *queue_id, const char *ident)
{
	if (g_hash_table_size(memory->idents) >= IDENTS_MAX)
		g_hash_table_remove_all(memory->idents);
	g_hash_table_insert(memory->idents, g_strdup(queue_id), g_strdup(ident));
}

char *
mta_memory_take_ident(struct mta_memory *memory, const char *queue_id)
{
	char *key = NULL, *ident = NULL;

	g_hash_table_steal_extended(memory->idents, queue_id, (gpointer *)&key, (gpointer *)&ident);
	g_free(key);
	return ident;
}

/* --- connections --- */

static char *
connection_name(const char *process, const char *relay)
{
	/* Sendmail gives the relay's address only when it has delivered the mail. */
	return g_strdup_printf("%s %.*s", process, (int)strcspn(relay, " "), relay);
}

/* A process that turns to another relay without having sent anything to this one. */
static gboolean
was_of_no_use(gpointer name, gpointer item, gpointer process)
{
	const struct connection_tls *connection = item;
	size_t length = strlen(process);

	return *connection->queue_id == '\0' && strncmp(name, process, length) == 0 &&
	       ((const char *)name)[length] == ' ';
}

static gboolean
is_old(gpointer name, gpointer item, gpointer count)
{
	(void)name;
	return ((const struct connection_tls *)item)->number + CONNECTIONS_MAX / 2 <
	       *(const guint64 *)count;
}

/* Takes ownership of the name. */
static void
add_connection(struct mta_memory *memory, char *name, const char *queue_id, const char *how)
{
	struct connection_tls *connection = g_new(struct connection_tls, 1);

	if (g_hash_table_size(memory->connections) >= CONNECTIONS_MAX)
		g_hash_table_foreach_remove(memory->connections, is_old, &memory->count);
	*connection = (struct connection_tls){g_strdup(how), g_strdup(queue_id), memory->count++};
	g_hash_table_insert(memory->connections, name, connection);
}

void
mta_memory_set_tls(struct mta_memory *memory, const char *process, const char *relay,
		   const char *how)
{
	g_hash_table_foreach_remove(memory->connections, was_of_no_use, (gpointer)process);
	add_connection(memory, connection_name(process, relay), "", how);
}

const char *
mta_memory_tls(struct mta_memory *memory, const char *process, const char *relay,
	       const char *queue_id)
{
	g_autofree char *name = connection_name(process, relay);
	struct connection_tls *connection = g_hash_table_lookup(memory->connections, name);

	if (connection == NULL)
		return NULL;
	if (*connection->queue_id == '\0') {
		g_free(connection->queue_id);
		connection->queue_id = g_strdup(queue_id);
	}
	if (strcmp(connection->queue_id, queue_id) == 0)
		return connection->how;
	g_hash_table_remove(memory->connections, name);
	return NULL;
}

static gboolean
was_for(gpointer name, gpointer item, gpointer queue_id)
{
	(void)name;
	return strcmp(((const struct connection_tls *)item)->queue_id, queue_id) == 0;
}

void
mta_memory_remove(struct mta_memory *memory, const char *queue_id)
{
	g_hash_table_remove(memory->idents, queue_id);
	g_hash_table_foreach_remove(memory->connections, was_for, (gpointer)queue_id);
}

/* --- from one courier to the next --- */

static void
add_fact(GPtrArray *words, const char *what, const char *of, const char *queue_id, const char *how)
{
	const char *const fact[WORDS] = {what, of, queue_id, how};

	for (size_t i = 0; i < WORDS; i++)
		g_ptr_array_add(words, g_utf8_make_valid(fact[i], -1));
}

static gint
by_number(gconstpointer one, gconstpointer other, gpointer connections)
{
	const struct connection_tls *a = g_hash_table_lookup(connections, one),
				    *b = g_hash_table_lookup(connections, other);

	return (a->number > b->number) - (a->number < b->number);
}

/* The oldest first, so that they are as old to whoever recalls them. */
static void
add_connections(GPtrArray *words, GHashTable *connections)
{
	g_autoptr(GList) names =
		g_list_sort_with_data(g_hash_table_get_keys(connections), by_number, connections);

	for (GList *name = names; name != NULL; name = name->next) {
		const struct connection_tls *connection =
			g_hash_table_lookup(connections, name->data);

		add_fact(words, secured, name->data, connection->queue_id, connection->how);
	}
}

GPtrArray *
mta_memory_words(const struct mta_memory *memory)
{
	GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, memory->sessions);
	while (g_hash_table_iter_next(&iter, &key, &value))
		for (guint i = 0; i < ((GPtrArray *)value)->len; i++)
			add_fact(words, begun, key, g_ptr_array_index((GPtrArray *)value, i), "");
	g_hash_table_iter_init(&iter, memory->idents);
	while (g_hash_table_iter_next(&iter, &key, &value))
		add_fact(words, came_in, value, key, "");
	add_connections(words, memory->connections);
	return words;
}

static void
recall_fact(struct mta_memory *memory, const char *what, const char *of, const char *queue_id,
	    const char *how)
{
	if (strcmp(what, begun) == 0)
		mta_memory_begin(memory, of, queue_id);
	else if (strcmp(what, came_in) == 0)
		mta_memory_set_ident(memory, queue_id, of);
	else if (strcmp(what, secured) == 0)
		add_connection(memory, g_strdup(of), queue_id, how);
}

void
mta_memory_recall(struct mta_memory *memory, const GPtrArray *words)
{
	g_hash_table_remove_all(memory->sessions);
	g_hash_table_remove_all(memory->idents);
	g_hash_table_remove_all(memory->connections);
	for (guint i = 0; i + WORDS <= words->len; i += WORDS)
		recall_fact(memory, g_ptr_array_index(words, i), g_ptr_array_index(words, i + 1),
			    g_ptr_array_index(words, i + 2), g_ptr_array_index(words, i + 3));
}
