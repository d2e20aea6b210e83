#include "keystore/finder/names.h"

#include <netdb.h>
#include <stdbool.h>
#include <string.h>

#include "core/network.h"

enum { LOOKUPS_MAX = 256, ADDRESSES_MAX = 32 };

/* A look-up on a thread of its own, which ends when the resolver does, whether or not anybody still
 * waits for it. */
struct lookup {
	gint references;
	char *host;
	GMutex lock;
	GCond done;
	bool is_done;
	enum names_outcome outcome;
	GArray *addresses;
};

static gint under_way;

static void
lookup_unref(struct lookup *lookup)
{
	if (!g_atomic_int_dec_and_test(&lookup->references))
		return;
	g_clear_pointer(&lookup->addresses, g_array_unref);
	g_mutex_clear(&lookup->lock);
	g_cond_clear(&lookup->done);
	g_free(lookup->host);
	g_free(lookup);
}

static enum names_outcome
outcome_of(int code, const GArray *addresses)
{
	if (code == 0 && addresses->len > 0)
		return NAMES_FOUND;
	if (code == 0 || code == EAI_NONAME || code == EAI_NODATA || code == EAI_ADDRFAMILY)
		return NAMES_NONE;
	return NAMES_FAILED;
}

static gpointer
look_up(gpointer data)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct lookup *lookup = data;
	struct addrinfo *list = NULL;
	int code = getaddrinfo(lookup->host, NULL, &hints, &list);

	for (struct addrinfo *at = list; at != NULL && lookup->addresses->len < ADDRESSES_MAX;
	     at = at->ai_next) {
		struct network_address address;

		if (network_address_of(&address, at->ai_addr))
			g_array_append_val(lookup->addresses, address);
	}
	if (list != NULL)
		freeaddrinfo(list);
	g_mutex_lock(&lookup->lock);
	lookup->outcome = outcome_of(code, lookup->addresses);
	lookup->is_done = true;
	g_cond_signal(&lookup->done);
	g_mutex_unlock(&lookup->lock);
	lookup_unref(lookup);
	g_atomic_int_add(&under_way, -1);
	return NULL;
}

void
names_begin(void)
{
	g_setenv("LOCALDOMAIN", ".", TRUE);
}

/* NULL: the system's resolver is so slow that too many look-ups are under way. */
static struct lookup *
begin(const char *host)
{
	struct lookup *lookup;

	if (g_atomic_int_add(&under_way, 1) >= LOOKUPS_MAX) {
		g_atomic_int_add(&under_way, -1);
		return NULL;
	}
	lookup = g_new0(struct lookup, 1);
	lookup->references = 2;
	lookup->host = g_strdup(host);
	lookup->addresses = g_array_new(FALSE, FALSE, sizeof(struct network_address));
	g_mutex_init(&lookup->lock);
	g_cond_init(&lookup->done);
	g_thread_unref(g_thread_new("resolver", look_up, lookup));
	return lookup;
}

enum names_outcome
names_find(const char *host, gint64 until, GArray **addresses_r)
{
	struct lookup *lookup = begin(host);
	enum names_outcome outcome = NAMES_FAILED;

	*addresses_r = NULL;
	if (lookup == NULL)
		return NAMES_FAILED;
	g_mutex_lock(&lookup->lock);
	while (!lookup->is_done && g_cond_wait_until(&lookup->done, &lookup->lock, until))
		;
	if (lookup->is_done)
		outcome = lookup->outcome;
	if (outcome == NAMES_FOUND)
		*addresses_r = g_steal_pointer(&lookup->addresses);
	g_mutex_unlock(&lookup->lock);
	lookup_unref(lookup);
	return outcome;
}
