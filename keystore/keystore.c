#include "keystore/keystore.h"

#include <string.h>

#include "core/address.h"
#include "core/listener.h"
#include "core/log.h"
#include "core/metrics.h"
#include "keystore/authority.h"
#include "keystore/remote_key.h"
#include "keystore/source/source.h"

enum { CACHE_MAX = 20000 }; /* addresses; when there are more, the cache is emptied */

static const struct key_source *const key_sources[] = {&key_source_database, &key_source_upload};

static const struct statement key_authorities = {
	"key_authorities",
	"select content, role = 'root' from postseal.key where role in ('root', 'intermediate')"};

struct keystore {
	struct database *database;
	char *keeper;
	struct listener *listener;
	GMutex lock;
	GHashTable *cache;		 /* "smime:a@b" to struct kept */
	struct authorities *authorities; /* NULL: still to be loaded */
	guint generation;		 /* counts the changes that the database has reported */
};

/* The result of the look-up for an address. */
struct kept {
	GPtrArray *keys; /* struct key */
	time_t until;	 /* 0: until the database reports a change */
};

static void
kept_free(struct kept *kept)
{
	g_ptr_array_unref(kept->keys);
	g_free(kept);
}

static void
forget(void *context, const char *payload)
{
	struct keystore *keystore = context;

	g_mutex_lock(&keystore->lock);
	keystore->generation++;
	if (payload == NULL || *payload == '\0') {
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

struct keystore *
keystore_new(const struct keystore_settings *settings)
{
	struct keystore *keystore = g_new0(struct keystore, 1);

	keystore->database = settings->database;
	keystore->keeper = g_strdup(settings->keeper);
	g_mutex_init(&keystore->lock);
	keystore->cache =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)kept_free);
	if (settings->listen != NULL)
		keystore->listener =
			listener_start(settings->listen, "postseal_key", forget, keystore);
	return keystore;
}

void
keystore_free(struct keystore *keystore)
{
	if (keystore == NULL)
		return;
	listener_stop(keystore->listener);
	g_hash_table_unref(keystore->cache);
	authorities_free(keystore->authorities);
	g_mutex_clear(&keystore->lock);
	g_free(keystore->keeper);
	g_free(keystore);
}

/* --- judging what the sources return --- */

static struct authorities *
load_authorities(struct connection *connection, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;
	struct authorities *authorities;

	if (!connection_execute(connection, &key_authorities, NULL, &result, fault))
		return NULL;
	authorities = authorities_new();
	for (int row = 0; row < PQntuples(result); row++) {
		size_t length;
		g_autofree unsigned char *der = result_bytes(result, row, 0, &length);
		const unsigned char *at = der;
		g_autoptr(X509) certificate = d2i_X509(NULL, &at, (long)length);

		if (certificate != NULL)
			authorities_add(authorities, certificate, result_flag(result, row, 1));
	}
	return authorities;
}

/* For S/MIME, a stand-in that asks the keeper; gpg asks the keeper's agent itself. */
static void
find_private_key(const struct keystore *keystore, struct key *key)
{
	struct fault fault;

	if (!key->is_ours || key->cannot_sign != NULL)
		return;
	if (keystore->keeper == NULL) {
		key->cannot_sign = g_strdup("there is no keeper of private keys here");
		return;
	}
	if (key->kind != KEY_SMIME)
		return;
	key->private_key =
		remote_key_new(keystore->keeper, key->certificate, key->fingerprint, &fault);
	if (key->private_key == NULL) {
		log_warning("%s", fault.text);
		key->cannot_sign = g_strdup(fault.text);
	}
}

/* The chain limits the validity period; without one, only keys that an admin pinned or that an
 * owner has claimed are accepted. */
static void
check_chain(const struct authorities *authorities, struct key *key)
{
	struct authority_chain chain;
	g_autofree char *why = NULL;

	if (key->cannot_encrypt != NULL && key->cannot_sign != NULL)
		return;
	if (authorities_verify(authorities, key->certificate, &chain, &why)) {
		key->chain = chain.certificates;
		key->not_before = chain.from;
		key->not_after = key->signs_until = chain.until;
		key->attested = true;
		return;
	}
	if (key->pinned || !key->attested)
		return;
	if (key->cannot_encrypt == NULL)
		key->cannot_encrypt = g_strdup(why);
	if (key->cannot_sign == NULL)
		key->cannot_sign = g_strdup(why);
}

static void
judge(const struct keystore *keystore, const struct authorities *authorities, struct key *key)
{
	time_t now = time(NULL);

	if (key->kind == KEY_SMIME)
		check_chain(authorities, key);
	find_private_key(keystore, key);
	for (enum key_use use = KEY_ENCRYPTS; use <= KEY_SIGNS; use++)
		key->was_in_time[use] = key_is_in_time(key, use, now);
}

/* Queries all sources. */
static struct kept *
load_keys(struct keystore *keystore, struct connection *connection,
	  const struct authorities *authorities, enum key_kind kind, const char *address,
	  struct fault *fault)
{
	const struct key_question question = {
		.connection = connection, .kind = kind, .address = address};
	struct kept *kept = g_new0(struct kept, 1);

	kept->keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_unref);
	for (size_t i = 0; i < G_N_ELEMENTS(key_sources); i++) {
		const struct key_source *source = key_sources[i];
		time_t until = source->lifetime == 0 ? 0 : time(NULL) + source->lifetime;

		if (!source->find(&question, kept->keys, fault)) {
			fault_within(fault, "asking the key source %s", source->name);
			kept_free(kept);
			return NULL;
		}
		if (until != 0 && (kept->until == 0 || until < kept->until))
			kept->until = until;
	}
	for (guint i = 0; i < kept->keys->len; i++)
		judge(keystore, authorities, g_ptr_array_index(kept->keys, i));
	return kept;
}

/* --- the cache --- */

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
		kept_free(kept);
}

/* Borrowed while certificates are verified; must be given back. */
static struct authorities *
take_authorities(struct keystore *keystore, guint generation, struct connection *connection,
		 struct fault *fault)
{
	struct authorities *authorities = NULL;

	g_mutex_lock(&keystore->lock);
	if (generation == keystore->generation && may_keep(keystore))
		authorities = g_steal_pointer(&keystore->authorities);
	g_mutex_unlock(&keystore->lock);
	return authorities != NULL ? authorities : load_authorities(connection, fault);
}

static void
give_authorities(struct keystore *keystore, guint generation, struct authorities *authorities)
{
	g_mutex_lock(&keystore->lock);
	if (keystore->authorities == NULL && generation == keystore->generation &&
	    may_keep(keystore))
		keystore->authorities = g_steal_pointer(&authorities);
	g_mutex_unlock(&keystore->lock);
	authorities_free(authorities);
}

static GPtrArray *
look_up(struct keystore *keystore, guint generation, const char *name, enum key_kind kind,
	const char *address, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(keystore->database, fault);
	struct authorities *authorities = NULL;
	struct kept *kept;
	GPtrArray *keys;

	if (connection == NULL)
		return NULL;
	if (kind == KEY_SMIME) {
		authorities = take_authorities(keystore, generation, connection, fault);
		if (authorities == NULL)
			return NULL;
	}
	kept = load_keys(keystore, connection, authorities, kind, address, fault);
	if (authorities != NULL)
		give_authorities(keystore, generation, authorities);
	if (kept == NULL)
		return NULL;
	keys = g_ptr_array_ref(kept->keys);
	keep(keystore, generation, name, kept);
	return keys;
}

/* If the validity of a key has begun or ended in the meantime, it is looked up again: there may be
 * another chain for it. */
static GPtrArray *
kept_keys(struct keystore *keystore, const char *name)
{
	const struct kept *kept =
		may_keep(keystore) ? g_hash_table_lookup(keystore->cache, name) : NULL;
	time_t now = time(NULL);

	if (kept == NULL || (kept->until != 0 && now >= kept->until))
		return NULL;
	for (guint i = 0; i < kept->keys->len; i++) {
		const struct key *key = g_ptr_array_index(kept->keys, i);

		for (enum key_use use = KEY_ENCRYPTS; use <= KEY_SIGNS; use++)
			if (key_is_in_time(key, use, now) != key->was_in_time[use])
				return NULL;
	}
	return kept->keys;
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
	metrics_count(METRIC_KEY_LOOKUPS, keys != NULL ? "cache=\"hit\"" : "cache=\"miss\"", 1);
	if (keys != NULL)
		return keys;
	keys = look_up(keystore, generation, name, kind, address, fault);
	if (keys == NULL)
		fault_within(fault, "looking for %s keys of %s", key_kind_name(kind), address);
	return keys;
}

/* --- choosing --- */

bool
keystore_is_employee(char *const *domains, const char *address)
{
	return domains != NULL &&
	       g_strv_contains((const char *const *)domains, address_domain(address));
}

static void
pass_over(GString *passed_over, const struct key *key, const char *why)
{
	g_string_append_printf(passed_over, "%s%.16s: %s", passed_over->len > 0 ? "; " : "",
			       key->fingerprint, why);
}

/* Why a usable key is not used in addition to those already chosen, or NULL. */
static const char *
why_not_beside(const GPtrArray *chosen, const struct key *key, bool is_employee)
{
	for (guint i = 0; i < chosen->len; i++)
		if (strcmp(((const struct key *)g_ptr_array_index(chosen, i))->fingerprint,
			   key->fingerprint) == 0)
			return "the same key is already known";
	if (key->attested)
		return NULL;
	if (is_employee)
		return "employees' keys are imported by the organisation, not uploaded";
	return chosen->len > 0
		       ? "uploaded by its owner, while the organisation vouches for another key"
		       : NULL;
}

static void
choose(const GPtrArray *known, bool attested, bool is_employee, GPtrArray *chosen,
       GString *passed_over)
{
	time_t now = time(NULL);

	for (guint i = 0; i < known->len; i++) {
		struct key *key = g_ptr_array_index(known, i);
		g_autofree char *why = NULL;
		const char *beside;

		if (key->attested != attested)
			continue;
		if (!key_is_usable(key, KEY_ENCRYPTS, now, &why))
			pass_over(passed_over, key, why);
		else if ((beside = why_not_beside(chosen, key, is_employee)) != NULL)
			pass_over(passed_over, key, beside);
		else
			g_ptr_array_add(chosen, key_ref(key));
	}
}

bool
keystore_find(struct keystore *keystore, enum key_kind kind, const char *address, bool is_employee,
	      struct keystore_answer *answer_r, struct fault *fault)
{
	g_autoptr(GPtrArray) known = known_keys(keystore, kind, address, fault);
	g_autoptr(GString) passed_over = g_string_new(NULL);

	*answer_r = (struct keystore_answer){0};
	if (known == NULL)
		return false;
	answer_r->keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_unref);
	choose(known, true, is_employee, answer_r->keys, passed_over);
	choose(known, false, is_employee, answer_r->keys, passed_over);
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
keystore_own(struct keystore *keystore, enum key_kind kind, const char *address, GPtrArray **keys_r,
	     struct fault *fault)
{
	g_autoptr(GPtrArray) known = known_keys(keystore, kind, address, fault);

	*keys_r = NULL;
	if (known == NULL)
		return false;
	*keys_r = g_ptr_array_new_with_free_func((GDestroyNotify)key_unref);
	for (guint i = 0; i < known->len; i++) {
		struct key *key = g_ptr_array_index(known, i);

		if (key->is_ours && (kind != KEY_SMIME || key->certificate != NULL))
			g_ptr_array_add(*keys_r, key_ref(key));
	}
	return true;
}

bool
keystore_signer(struct keystore *keystore, enum key_kind kind, const char *address,
		struct keystore_signer *signer_r, struct fault *fault)
{
	g_autoptr(GPtrArray) known = known_keys(keystore, kind, address, fault);
	g_autoptr(GString) passed_over = g_string_new(NULL);
	time_t now = time(NULL);

	*signer_r = (struct keystore_signer){0};
	if (known == NULL)
		return false;
	for (guint i = 0; i < known->len && signer_r->key == NULL; i++) {
		struct key *key = g_ptr_array_index(known, i);
		g_autofree char *why = NULL;

		if (!key->is_ours)
			continue;
		if (key_is_usable(key, KEY_SIGNS, now, &why))
			signer_r->key = key_ref(key);
		else
			pass_over(passed_over, key, why);
	}
	if (signer_r->key == NULL)
		signer_r->why_not = passed_over->len > 0
					    ? g_strdup(passed_over->str)
					    : g_strdup("the sender has no key of their own");
	return true;
}

void
keystore_signer_clear(struct keystore_signer *signer)
{
	g_clear_pointer(&signer->key, key_unref);
	g_clear_pointer(&signer->why_not, g_free);
}
