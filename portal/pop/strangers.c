#include "portal/pop/strangers.h"

#include <glib.h>
#include <string.h>
#include <sys/socket.h>

struct stranger {
	int socket;
	char *network, *region;
};

struct strangers {
	GMutex lock;
	GQueue all; /* struct stranger, those who came first at its head */
	unsigned network_max, all_max;
};

struct strangers *
strangers_new(unsigned network_max, unsigned all_max)
{
	struct strangers *strangers = g_new0(struct strangers, 1);

	g_mutex_init(&strangers->lock);
	strangers->network_max = network_max;
	strangers->all_max = all_max;
	return strangers;
}

static void
stranger_free(struct stranger *stranger)
{
	g_free(stranger->network);
	g_free(stranger->region);
	g_free(stranger);
}

void
strangers_free(struct strangers *strangers)
{
	g_queue_clear_full(&strangers->all, (GDestroyNotify)stranger_free);
	g_mutex_clear(&strangers->lock);
	g_free(strangers);
}

static unsigned
count_of_network(const struct strangers *strangers, const char *network)
{
	unsigned count = 0;

	for (const GList *link = strangers->all.head; link != NULL; link = link->next)
		count += strcmp(((const struct stranger *)link->data)->network, network) == 0;
	return count;
}

/* By region; caller unrefs. */
static GHashTable *
count_regions(const struct strangers *strangers)
{
	GHashTable *counts = g_hash_table_new(g_str_hash, g_str_equal);

	for (const GList *link = strangers->all.head; link != NULL; link = link->next) {
		char *region = ((struct stranger *)link->data)->region;
		gsize count = GPOINTER_TO_SIZE(g_hash_table_lookup(counts, region));

		g_hash_table_insert(counts, region, GSIZE_TO_POINTER(count + 1));
	}
	return counts;
}

/* The first to have come from the region with the most; NULL if no other has more than this one. */
static GList *
first_of_fullest(const struct strangers *strangers, const char *region)
{
	g_autoptr(GHashTable) counts = count_regions(strangers);
	gsize most = GPOINTER_TO_SIZE(g_hash_table_lookup(counts, region));
	GList *first = NULL;

	for (GList *link = strangers->all.head; link != NULL; link = link->next) {
		const struct stranger *one = link->data;
		const gsize count = GPOINTER_TO_SIZE(g_hash_table_lookup(counts, one->region));

		if (count <= most)
			continue;
		most = count;
		first = link;
	}
	return first;
}

static bool
make_room(struct strangers *strangers, const char *region)
{
	GList *displaced;

	if (g_queue_get_length(&strangers->all) < strangers->all_max)
		return true;
	displaced = first_of_fullest(strangers, region);
	if (displaced == NULL)
		return false;
	shutdown(((struct stranger *)displaced->data)->socket, SHUT_RDWR);
	stranger_free(displaced->data);
	g_queue_delete_link(&strangers->all, displaced);
	return true;
}

bool
strangers_add(struct strangers *strangers, int socket, const char *network, const char *region)
{
	struct stranger *stranger;
	bool added;

	g_mutex_lock(&strangers->lock);
	added = count_of_network(strangers, network) < strangers->network_max &&
		make_room(strangers, region);
	if (added) {
		stranger = g_new(struct stranger, 1);
		*stranger = (struct stranger){socket, g_strdup(network), g_strdup(region)};
		g_queue_push_tail(&strangers->all, stranger);
	}
	g_mutex_unlock(&strangers->lock);
	return added;
}

void
strangers_remove(struct strangers *strangers, int socket)
{
	g_mutex_lock(&strangers->lock);
	for (GList *link = strangers->all.head; link != NULL; link = link->next)
		if (((struct stranger *)link->data)->socket == socket) {
			stranger_free(link->data);
			g_queue_delete_link(&strangers->all, link);
			break;
		}
	g_mutex_unlock(&strangers->lock);
}
