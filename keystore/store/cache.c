#include "keystore/store/store.h"

#include "core/metrics.h"
#include "keystore/gateway.h"

enum { CACHE_MAX = 20000 }; /* addresses; when there are more, the cache is emptied */

static void
kept_clear(gpointer data)
{
	struct kept *kept = data;

	g_ptr_array_unref(kept->keys);
	g_free(kept->notes);
}

void
store_kept_free(struct kept *kept)
{
	g_atomic_rc_box_release_full(kept, kept_clear);
}

void
store_forget(void *context, const char *payload)
{
	struct keystore *keystore = context;

	g_mutex_lock(&keystore->lock);
	keystore->generation++;
	if (payload == NULL || *payload == '\0' || gateway_is(payload)) {
		g_hash_table_remove_all(keystore->cache);
		g_clear_pointer(&keystore->authorities, authorities_free);
	} else {
		for (enum key_kind kind = KEY_SMIME; kind <= KEY_PGP; kind++) {
			g_autofree char *name =
				g_strconcat(key_kind_name(kind), ":", payload, NULL);

			g_hash_table_remove(keystore->cache, name);
		}
	}
	g_mutex_unlock(&keystore->lock);
}

static bool
may_keep(const struct keystore *keystore)
{
	return keystore->listener != NULL && listener_is_connected(keystore->listener);
}

/* Cached only if no change was reported since the look-up began, as otherwise it may be outdated.
 * Takes ownership of `kept`. */
static void
keep(struct keystore *keystore, guint generation, const char *name, struct kept *kept)
{
	g_mutex_lock(&keystore->lock);
	if (generation == keystore->generation && may_keep(keystore)) {
		if (g_hash_table_size(keystore->cache) >= CACHE_MAX)
			g_hash_table_remove_all(keystore->cache);
		g_hash_table_insert(keystore->cache, g_strdup(name), kept);
		kept = NULL;
	}
	g_mutex_unlock(&keystore->lock);
	if (kept != NULL)
		store_kept_free(kept);
}

struct authorities *
store_take_authorities(struct keystore *keystore, guint generation, struct connection *connection,
		       struct fault *fault)
{
	struct authorities *authorities = NULL;

	g_mutex_lock(&keystore->lock);
	if (generation == keystore->generation && may_keep(keystore))
		authorities = g_steal_pointer(&keystore->authorities);
	g_mutex_unlock(&keystore->lock);
	return authorities != NULL ? authorities
				   : store_load_authorities(keystore, connection, fault);
}

void
store_give_authorities(struct keystore *keystore, guint generation, struct authorities *authorities)
{
	g_mutex_lock(&keystore->lock);
	if (keystore->authorities == NULL && generation == keystore->generation &&
	    may_keep(keystore))
		keystore->authorities = g_steal_pointer(&authorities);
	g_mutex_unlock(&keystore->lock);
	authorities_free(authorities);
}

static struct kept *
look_up(struct keystore *keystore, guint generation, const char *name, enum key_kind kind,
	const char *address, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(keystore->database, fault);
	struct authorities *authorities = NULL;
	struct kept *kept;

	if (connection == NULL)
		return NULL;
	if (kind == KEY_SMIME) {
		authorities = store_take_authorities(keystore, generation, connection, fault);
		if (authorities == NULL)
			return NULL;
	}
	kept = store_load_keys(keystore, connection, authorities, kind, address, fault);
	if (authorities != NULL)
		store_give_authorities(keystore, generation, authorities);
	if (kept != NULL)
		keep(keystore, generation, name, g_atomic_rc_box_acquire(kept));
	return kept;
}

/* If the validity of a key has begun or ended in the meantime, it is looked up again: there may be
 * another chain for it. */
static struct kept *
kept_keys(struct keystore *keystore, const char *name)
{
	struct kept *kept = may_keep(keystore) ? g_hash_table_lookup(keystore->cache, name) : NULL;
	time_t now = time(NULL);

	if (kept == NULL || (kept->until != 0 && now >= kept->until))
		return NULL;
	for (guint i = 0; i < kept->keys->len; i++) {
		const struct key *key = g_ptr_array_index(kept->keys, i);

		for (enum key_use use = KEY_ENCRYPTS; use <= KEY_SIGNS; use++)
			if (key_is_in_time(key, use, now) != key->was_in_time[use])
				return NULL;
	}
	return kept;
}

struct kept *
store_known(struct keystore *keystore, enum key_kind kind, const char *address, struct fault *fault)
{
	g_autofree char *name = g_strconcat(key_kind_name(kind), ":", address, NULL);
	struct kept *kept;
	guint generation;

	g_mutex_lock(&keystore->lock);
	generation = keystore->generation;
	kept = kept_keys(keystore, name);
	if (kept != NULL)
		g_atomic_rc_box_acquire(kept);
	g_mutex_unlock(&keystore->lock);
	metrics_count(METRIC_KEY_LOOKUPS, kept != NULL ? "cache=\"hit\"" : "cache=\"miss\"", 1);
	if (kept != NULL)
		return kept;
	kept = look_up(keystore, generation, name, kind, address, fault);
	if (kept == NULL)
		fault_within(fault, "looking for %s keys of %s", key_kind_name(kind), address);
	return kept;
}
