#include "keystore/keystore.h"

#include <string.h>

#include "core/address.h"
#include "core/log.h"
#include "keystore/store/store.h"

/* Of somebody who has left, or revoked: they only open. */
static const struct statement keys_retired = {
	"keys_retired",
	"select k.fingerprint, k.content, k.owner,"
	" extract(epoch from k.not_before)::bigint, extract(epoch from k.not_after)::bigint, false, false "
	"from postseal.key_address a " KEY_SOURCE_JOIN(
		"a.key") "where a.address = $1 and k.kind = $2 and k.role = 'retired' order by k.not_before desc, k.fingerprint"};

struct keystore *
keystore_new(const struct keystore_settings *settings)
{
	struct keystore *keystore = g_new0(struct keystore, 1);

	keystore->database = settings->database;
	keystore->keeper = g_strdup(settings->keeper);
	keystore->revocation = settings->revocation;
	keystore->gateways = g_strdupv((char **)settings->gateways);
	store_rank_sources(keystore, settings->sources);
	g_mutex_init(&keystore->lock);
	keystore->cache = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						(GDestroyNotify)store_kept_free);
	if (settings->listen != NULL)
		keystore->listener =
			listener_start(settings->listen, "postseal_key", store_forget, keystore);
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
	g_strfreev(keystore->gateways);
	g_free(keystore);
}

void
keystore_forget(struct keystore *keystore, const char *address)
{
	store_forget(keystore, address);
}

GPtrArray *
keystore_known(struct keystore *keystore, enum key_kind kind, const char *address,
	       struct fault *fault)
{
	g_autoptr(kept_auto) known = store_known(keystore, kind, address, fault);

	return known == NULL ? NULL : g_ptr_array_ref(known->keys);
}

/* --- choosing --- */

bool
keystore_is_employee(char *const *domains, const char *address)
{
	return domains != NULL &&
	       g_strv_contains((const char *const *)domains, address_domain(address));
}

const char *
keystore_bars_employee(const struct key *key)
{
	if (key->seen_at != 0 && !key->source->for_employees)
		return "employees' keys come from the organisation";
	return key->attested ? NULL
			     : "employees' keys are imported by the organisation, not uploaded";
}

/* Why a usable key is not used in addition to those already chosen, or NULL. */
static const char *
why_not_beside(const GPtrArray *chosen, const struct key *key, bool is_employee)
{
	for (guint i = 0; i < chosen->len; i++)
		if (strcmp(((const struct key *)g_ptr_array_index(chosen, i))->fingerprint,
			   key->fingerprint) == 0)
			return "the same key is already known";
	if (is_employee && keystore_bars_employee(key) != NULL)
		return keystore_bars_employee(key);
	if (key->attested)
		return NULL;
	return chosen->len > 0
		       ? "uploaded by its owner, while the organisation vouches for another key"
		       : NULL;
}

/* Chooses among the keys of one rank. */
static void
choose(const GPtrArray *known, unsigned rank, bool attested, bool is_employee, GPtrArray *chosen,
       GString *passed_over)
{
	time_t now = time(NULL);

	for (guint i = 0; i < known->len; i++) {
		struct key *key = g_ptr_array_index(known, i);
		g_autofree char *why = NULL;
		const char *beside;

		if (key->rank != rank || key->attested != attested)
			continue;
		if (!key_is_usable(key, KEY_ENCRYPTS, now, &why))
			key_pass_over(passed_over, key, why);
		else if ((beside = why_not_beside(chosen, key, is_employee)) != NULL)
			key_pass_over(passed_over, key, beside);
		else
			g_ptr_array_add(chosen, key_ref(key));
	}
}

/* A usable key of a source that comes after the one that decides. */
static void
pass_over_later(const GPtrArray *chosen, const struct key *key, GString *passed_over)
{
	const struct key *first = g_ptr_array_index(chosen, 0);
	g_autofree char *why = NULL;

	if (key->source->is_always_last || key->gateway != NULL ||
	    why_not_beside(chosen, key, false) != NULL ||
	    !key_is_usable(key, KEY_ENCRYPTS, time(NULL), NULL))
		return;
	why = g_strdup_printf("%s has it, but %s comes first", key->source->name,
			      first->source->name);
	key_pass_over(passed_over, key, why);
}

/* `known` is in the order of preference. */
static void
choose_first(const GPtrArray *known, bool is_employee, GPtrArray *chosen, GString *passed_over)
{
	unsigned tried = 0;

	for (guint i = 0; i < known->len; i++) {
		const struct key *key = g_ptr_array_index(known, i);

		if (i > 0 && key->rank == tried)
			continue;
		tried = key->rank;
		if (chosen->len == 0) {
			choose(known, tried, true, is_employee, chosen, passed_over);
			choose(known, tried, false, is_employee, chosen, passed_over);
			continue;
		}
		for (guint j = i; j < known->len; j++) {
			key = g_ptr_array_index(known, j);
			if (key->rank == tried)
				pass_over_later(chosen, key, passed_over);
		}
	}
}

bool
keystore_find(struct keystore *keystore, enum key_kind kind, const char *address, bool is_employee,
	      struct keystore_answer *answer_r, struct fault *fault)
{
	g_autoptr(kept_auto) known = store_known(keystore, kind, address, fault);
	g_autoptr(GString) passed_over = g_string_new(NULL);

	*answer_r = (struct keystore_answer){0};
	if (known == NULL)
		return false;
	answer_r->keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_unref);
	choose_first(known->keys, is_employee, answer_r->keys, passed_over);
	if (answer_r->keys->len == 0 && known->notes != NULL)
		g_string_append_printf(passed_over, "%s%s", passed_over->len > 0 ? "; " : "",
				       known->notes);
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

char *
keystore_origin(const struct key *key)
{
	g_autoptr(GDateTime) seen =
		key->seen_at == 0 ? NULL : g_date_time_new_from_unix_utc(key->seen_at);
	g_autofree char *when =
		seen == NULL ? NULL : g_date_time_format(seen, "%Y-%m-%d %H:%M UTC");

	if (key->gateway != NULL)
		return g_strdup_printf(", of %s%s%s", key->gateway,
				       when == NULL ? "" : ", found by ",
				       when == NULL ? "" : key->source->name);
	if (when != NULL)
		return g_strdup_printf(", found by %s on %s", key->source->name, when);
	if (key->source != NULL && key->source->is_by_word)
		return g_strdup(", by an administrator's word");
	return g_strdup(
		key->source != NULL && key->source->is_always_last ? ", for the whole domain" : "");
}

static bool
add_retired(struct keystore *keystore, enum key_kind kind, const char *address, GPtrArray *keys,
	    struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(keystore->database, fault);
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, address);
	parameters_text(&parameters, key_kind_name(kind));
	if (connection == NULL ||
	    !connection_execute(connection, &keys_retired, &parameters, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		g_autoptr(key_auto) key = key_source_row(kind, result, row);

		key->is_ours = true;
		if (kind != KEY_SMIME || key->certificate != NULL)
			g_ptr_array_add(keys, g_steal_pointer(&key));
	}
	return true;
}

bool
keystore_own(struct keystore *keystore, enum key_kind kind, const char *address, GPtrArray **keys_r,
	     struct fault *fault)
{
	g_autoptr(kept_auto) known = store_known(keystore, kind, address, fault);

	*keys_r = NULL;
	if (known == NULL)
		return false;
	*keys_r = g_ptr_array_new_with_free_func((GDestroyNotify)key_unref);
	for (guint i = 0; i < known->keys->len; i++) {
		struct key *key = g_ptr_array_index(known->keys, i);

		if (key->is_ours && (kind != KEY_SMIME || key->certificate != NULL))
			g_ptr_array_add(*keys_r, key_ref(key));
	}
	if (add_retired(keystore, kind, address, *keys_r, fault))
		return true;
	g_clear_pointer(keys_r, g_ptr_array_unref);
	return false;
}

bool
keystore_signer(struct keystore *keystore, enum key_kind kind, const char *address,
		struct keystore_signer *signer_r, struct fault *fault)
{
	g_autoptr(kept_auto) known = store_known(keystore, kind, address, fault);
	g_autoptr(GString) passed_over = g_string_new(NULL);
	time_t now = time(NULL);

	*signer_r = (struct keystore_signer){0};
	if (known == NULL)
		return false;
	for (guint i = 0; i < known->keys->len && signer_r->key == NULL; i++) {
		struct key *key = g_ptr_array_index(known->keys, i);
		g_autofree char *why = NULL;

		if (!key->is_ours || key->gateway != NULL)
			continue;
		if (key_is_usable(key, KEY_SIGNS, now, &why))
			signer_r->key = key_ref(key);
		else
			key_pass_over(passed_over, key, why);
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
