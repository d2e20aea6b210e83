#include "keystore/keystore.h"

#include <string.h>

#include "core/listener.h"
#include "core/log.h"
#include "core/metrics.h"
#include "keystore/certificate.h"
#include "keystore/keeper.h"
#include "keystore/statements.h"
#include "keystore/authority.h"

enum { CACHE_MAX = 20000 }; /* addresses; beyond it, the cache starts anew */

struct keystore {
	struct database *database;
	char *keeper;
	struct listener *listener;
	GMutex lock;
	GHashTable *cache;   /* "smime:a@b" to GPtrArray of struct key */
	GHashTable *wishes;  /* address to method, or "" */
	struct authorities *trust; /* NULL: to be loaded */
	guint generation;    /* counts what the database told us */
};

static void
forget(void *context, const char *payload)
{
	struct keystore *keystore = context;

	g_mutex_lock(&keystore->lock);
	keystore->generation++;
	if (payload == NULL || *payload == '\0') {
		g_hash_table_remove_all(keystore->cache);
		g_hash_table_remove_all(keystore->wishes);
		g_clear_pointer(&keystore->trust, authorities_free);
	} else {
		g_hash_table_remove(keystore->wishes, payload);
		for (enum key_kind kind = KEY_SMIME; kind <= KEY_PGP; kind++) {
			g_autofree char *name = g_strconcat(key_kind_name(kind), ":", payload, NULL);

			g_hash_table_remove(keystore->cache, name);
		}
	}
	g_mutex_unlock(&keystore->lock);
}

struct keystore *
keystore_new(const struct keystore_settings *settings)
{
	struct keystore *keystore = g_new0(struct keystore, 1);

	keystore->database = settings->database;
	keystore->keeper = g_strdup(settings->keeper);
	g_mutex_init(&keystore->lock);
	keystore->cache = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						(GDestroyNotify)g_ptr_array_unref);
	keystore->wishes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (settings->listen != NULL)
		keystore->listener = listener_start(settings->listen, "postseal_key", forget, keystore);
	return keystore;
}

void
keystore_free(struct keystore *keystore)
{
	if (keystore == NULL)
		return;
	listener_stop(keystore->listener);
	g_hash_table_unref(keystore->cache);
	g_hash_table_unref(keystore->wishes);
	authorities_free(keystore->trust);
	g_mutex_clear(&keystore->lock);
	g_free(keystore->keeper);
	g_free(keystore);
}

/* --- from the database --- */

static X509 *
certificate_of(const PGresult *result, int row, int column)
{
	size_t length;
	g_autofree unsigned char *der = result_bytes(result, row, column, &length);
	const unsigned char *at = der;

	return d2i_X509(NULL, &at, (long)length);
}

static struct authorities *
load_trust(struct connection *connection, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;
	struct authorities *trust;

	if (!connection_execute(connection, &key_authorities, NULL, &result, fault))
		return NULL;
	trust = authorities_new();
	for (int row = 0; row < PQntuples(result); row++) {
		g_autoptr(X509) certificate = certificate_of(result, row, 0);

		if (certificate != NULL)
			authorities_add(trust, certificate, result_flag(result, row, 1));
	}
	return trust;
}

/* For S/MIME, a stand-in that asks the keeper; gpg asks the keeper's agent by itself. */
static void
find_private_key(const struct keystore *keystore, struct key *key)
{
	struct fault fault;

	if (keystore->keeper == NULL || strcmp(key->role, "own") != 0)
		return;
	key->can_sign = true;
	if (key->kind != KEY_SMIME)
		return;
	key->private_key = remote_key_new(keystore->keeper, key->certificate, key->fingerprint, &fault);
	if (key->private_key == NULL) {
		log_warning("%s", fault.text);
		key->can_sign = false;
	}
}

static void
check_chain(const struct authorities *trust, struct key *key)
{
	struct authority_chain chain;

	if (key->problem != NULL)
		return;
	if (authorities_verify(trust, key->certificate, &chain, &key->problem)) {
		key->chain = chain.certificates;
		key->not_before = chain.from;
		key->not_after = chain.until;
	} else if (key->pinned) {
		g_clear_pointer(&key->problem, g_free);
	}
}

static struct key *
key_of(const struct keystore *keystore, const struct authorities *trust, enum key_kind kind,
       const PGresult *result, int row)
{
	struct key *key = key_new(kind);
	size_t length;
	unsigned char *content = result_bytes(result, row, 1, &length);

	key->fingerprint = g_strdup(PQgetvalue(result, row, 0));
	key->content = g_bytes_new_take(content, length);
	key->owner = g_strdup(PQgetvalue(result, row, 2));
	key->role = g_strdup(PQgetvalue(result, row, 3));
	key->problem = g_strdup(result_text(result, row, 4));
	key->pinned = result_flag(result, row, 5);
	key->not_before = (time_t)result_number(result, row, 6);
	key->not_after = (time_t)result_number(result, row, 7);
	key->gcm = result_flag(result, row, 8);
	key->oaep = result_flag(result, row, 9);
	if (kind == KEY_SMIME) {
		key->certificate = certificate_of(result, row, 1);
		if (key->certificate == NULL)
			key->problem = g_strdup("the certificate cannot be read");
		else
			check_chain(trust, key);
	}
	if (key->kind != KEY_SMIME || key->certificate != NULL)
		find_private_key(keystore, key);
	key->was_in_time = key_is_in_time(key, time(NULL));
	return key;
}

static GPtrArray *
load_keys(struct keystore *keystore, struct connection *connection, const struct authorities *trust,
	  enum key_kind kind, const char *address, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	GPtrArray *keys;

	parameters_text(&parameters, address);
	parameters_text(&parameters, key_kind_name(kind));
	if (!connection_execute(connection, &key_by_address, &parameters, &result, fault))
		return NULL;
	keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_unref);
	for (int row = 0; row < PQntuples(result); row++)
		g_ptr_array_add(keys, key_of(keystore, trust, kind, result, row));
	return keys;
}

/* --- the cache --- */

static bool
may_keep(const struct keystore *keystore)
{
	return keystore->listener != NULL && listener_is_connected(keystore->listener);
}

/* Kept only when nothing was told since the look-up began: else it may be old. */
static void
keep(struct keystore *keystore, guint generation, char *name, GPtrArray *keys)
{
	g_mutex_lock(&keystore->lock);
	if (generation == keystore->generation && may_keep(keystore)) {
		if (g_hash_table_size(keystore->cache) >= CACHE_MAX)
			g_hash_table_remove_all(keystore->cache);
		g_hash_table_insert(keystore->cache, g_strdup(name), g_ptr_array_ref(keys));
	}
	g_mutex_unlock(&keystore->lock);
}

static GPtrArray *
look_up(struct keystore *keystore, guint generation, char *name, enum key_kind kind,
	const char *address, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(keystore->database, fault);
	struct authorities *trust = NULL;
	GPtrArray *keys;

	if (connection == NULL)
		return NULL;
	if (kind == KEY_SMIME) {
		g_mutex_lock(&keystore->lock);
		if (generation == keystore->generation && may_keep(keystore))
			trust = g_steal_pointer(&keystore->trust); /* borrowed while we verify */
		g_mutex_unlock(&keystore->lock);
		if (trust == NULL)
			trust = load_trust(connection, fault);
		if (trust == NULL)
			return NULL;
	}
	keys = load_keys(keystore, connection, trust, kind, address, fault);
	g_mutex_lock(&keystore->lock);
	if (trust != NULL && keystore->trust == NULL && generation == keystore->generation &&
	    may_keep(keystore))
		keystore->trust = g_steal_pointer(&trust);
	g_mutex_unlock(&keystore->lock);
	authorities_free(trust);
	if (keys != NULL)
		keep(keystore, generation, name, keys);
	return keys;
}

/* A key whose time came or went since is looked up anew: there may be another chain for it. */
static GPtrArray *
kept_keys(struct keystore *keystore, const char *name)
{
	GPtrArray *keys = may_keep(keystore) ? g_hash_table_lookup(keystore->cache, name) : NULL;
	time_t now = time(NULL);

	for (guint i = 0; keys != NULL && i < keys->len; i++) {
		const struct key *key = g_ptr_array_index(keys, i);

		if (key_is_in_time(key, now) != key->was_in_time)
			return NULL;
	}
	return keys;
}

static GPtrArray *
known_keys(struct keystore *keystore, enum key_kind kind, const char *address, struct fault *fault)
{
	g_autofree char *name = g_strconcat(key_kind_name(kind), ":", address, NULL);
	GPtrArray *keys;
	guint generation;

	g_mutex_lock(&keystore->lock);
	generation = keystore->generation;
	keys = kept_keys(keystore, name);
	if (keys != NULL)
		g_ptr_array_ref(keys);
	g_mutex_unlock(&keystore->lock);
	metrics_count("postseal_key_lookups_total", keys != NULL ? "cache=\"hit\"" : "cache=\"miss\"", 1);
	if (keys != NULL)
		return keys;
	keys = look_up(keystore, generation, name, kind, address, fault);
	if (keys == NULL)
		fault_within(fault, "looking for %s keys of %s", key_kind_name(kind), address);
	return keys;
}

bool
keystore_find(struct keystore *keystore, enum key_kind kind, const char *address,
	      struct keystore_answer *answer_r, struct fault *fault)
{
	g_autoptr(GPtrArray) known = known_keys(keystore, kind, address, fault);
	g_autoptr(GString) passed_over = g_string_new(NULL);
	time_t now = time(NULL);

	*answer_r = (struct keystore_answer){0};
	if (known == NULL)
		return false;
	answer_r->keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_unref);
	for (guint i = 0; i < known->len; i++) {
		struct key *key = g_ptr_array_index(known, i);
		g_autofree char *why = NULL;

		if (key_is_usable(key, now, &why))
			g_ptr_array_add(answer_r->keys, key_ref(key));
		else
			g_string_append_printf(passed_over, "%s%.16s: %s", passed_over->len > 0 ? "; " : "",
					       key->fingerprint, why);
	}
	if (passed_over->len > 0)
		answer_r->passed_over = g_strdup(passed_over->str);
	return true;
}

void
keystore_answer_clear(struct keystore_answer *answer)
{
	g_clear_pointer(&answer->keys, g_ptr_array_unref);
	g_clear_pointer(&answer->passed_over, g_free);
}

bool
keystore_signer(struct keystore *keystore, enum key_kind kind, const char *address,
		struct key **signer_r, struct fault *fault)
{
	g_autoptr(GPtrArray) known = known_keys(keystore, kind, address, fault);
	time_t now = time(NULL);

	*signer_r = NULL;
	if (known == NULL)
		return false;
	for (guint i = 0; i < known->len && *signer_r == NULL; i++) {
		struct key *key = g_ptr_array_index(known, i);

		if (key->can_sign && key_is_usable(key, now, NULL))
			*signer_r = key_ref(key);
	}
	return true;
}

/* --- wishes --- */

static char *
read_wish(struct keystore *keystore, const char *address, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(keystore->database, fault);
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, address);
	if (connection == NULL || !connection_execute(connection, &wish_of_address, &parameters, &result, fault))
		return NULL;
	return g_strdup(PQntuples(result) == 0 ? "" : PQgetvalue(result, 0, 0));
}

bool
keystore_wish(struct keystore *keystore, const char *address, char **wish_r, struct fault *fault)
{
	g_autofree char *wish = NULL;
	guint generation;

	g_mutex_lock(&keystore->lock);
	generation = keystore->generation;
	if (may_keep(keystore))
		wish = g_strdup(g_hash_table_lookup(keystore->wishes, address));
	g_mutex_unlock(&keystore->lock);
	if (wish == NULL) {
		wish = read_wish(keystore, address, fault);
		if (wish == NULL)
			return fault_within(fault, "looking for the wish of %s", address);
		g_mutex_lock(&keystore->lock);
		if (generation == keystore->generation && may_keep(keystore)) {
			if (g_hash_table_size(keystore->wishes) >= CACHE_MAX)
				g_hash_table_remove_all(keystore->wishes);
			g_hash_table_insert(keystore->wishes, g_strdup(address), g_strdup(wish));
		}
		g_mutex_unlock(&keystore->lock);
	}
	*wish_r = *wish == '\0' ? NULL : g_steal_pointer(&wish);
	return true;
}
