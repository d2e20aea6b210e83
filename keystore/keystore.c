#include "keystore/keystore.h"

#include <string.h>

#include "core/address.h"
#include "core/listener.h"
#include "core/log.h"
#include "core/metrics.h"
#include "keystore/authority.h"
#include "keystore/certificate.h"
#include "keystore/gateway.h"
#include "keystore/remote_key.h"
#include "keystore/source/source.h"
#include "keystore/status.h"

#define RANK_LAST    (UINT_MAX - 1)
#define RANK_FALLING UINT_MAX /* of keys that nobody vouches for */

enum {
	CACHE_MAX = 20000,   /* addresses; when there are more, the cache is emptied */
	GATEWAY_RANK = 1000, /* more than there are sources */
};

const struct key_source *const key_sources[] = {
	&key_source_database, &key_source_upload, &key_source_mail,
	&key_source_wkd,      &key_source_dane,	  &key_source_ldap,
	&key_source_servers,  &key_source_domain, NULL};

static const struct statement key_authorities = {
	"key_authorities",
	"select content, role = 'root', trust, revocation from postseal.key where role in ('root', 'intermediate') "
	"union all select content, false, 'domain', null from postseal.key_between"};

/* Of somebody who has left, or revoked: they only open. */
static const struct statement keys_retired = {
	"keys_retired",
	"select k.fingerprint, k.content, k.owner,"
	" extract(epoch from k.not_before)::bigint, extract(epoch from k.not_after)::bigint, false, false "
	"from postseal.key_address a " KEY_SOURCE_JOIN(
		"a.key") "where a.address = $1 and k.kind = $2 and k.role = 'retired' order by k.not_before desc, k.fingerprint"};

/* A source that is in use, and its place in the order of preference. */
struct ranked {
	const struct key_source *source;
	unsigned rank;
};

struct keystore {
	struct database *database;
	struct ranked ranked[G_N_ELEMENTS(key_sources)]; /* the most preferred first */
	size_t ranked_count;
	char *keeper;
	enum revocation revocation;
	char **gateways;
	struct listener *listener;
	GMutex lock;
	GHashTable *cache;		 /* "smime:a@b" to struct kept */
	struct authorities *authorities; /* NULL: still to be loaded */
	guint generation;		 /* counts the changes that the database has reported */
};

/* The result of the look-up for an address. */
struct kept {
	GPtrArray *keys; /* struct key */
	char *notes;	 /* why sources in the network have none; or NULL */
	time_t until;	 /* 0: until the database reports a change */
};

static void
kept_clear(gpointer data)
{
	struct kept *kept = data;

	g_ptr_array_unref(kept->keys);
	g_free(kept->notes);
}

static void
kept_free(struct kept *kept)
{
	g_atomic_rc_box_release_full(kept, kept_clear);
}
typedef struct kept kept_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kept_auto, kept_free)

static void
forget(void *context, const char *payload)
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

/* --- the order of the sources --- */

/* False if the source is not in use. */
static bool
find_rank(char *const *names, const struct key_source *source, unsigned *rank_r)
{
	const char *name = source->belongs == NULL ? source->name : source->belongs;

	*rank_r = source->is_always_first ? 0 : RANK_LAST;
	for (unsigned i = 0; names != NULL && names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0) {
			*rank_r = i + 1;
			return true;
		}
	return source->is_always_first || source->is_always_last;
}

static int
compare_ranks(const void *a, const void *b)
{
	const struct ranked *one = a, *other = b;

	return one->rank < other->rank ? -1 : one->rank > other->rank;
}

static void
rank_sources(struct keystore *keystore, char *const *names)
{
	for (size_t i = 0; key_sources[i] != NULL; i++) {
		struct ranked *ranked = &keystore->ranked[keystore->ranked_count];

		ranked->source = key_sources[i];
		if (find_rank(names, ranked->source, &ranked->rank))
			keystore->ranked_count++;
	}
	qsort(keystore->ranked, keystore->ranked_count, sizeof *keystore->ranked, compare_ranks);
}

struct keystore *
keystore_new(const struct keystore_settings *settings)
{
	struct keystore *keystore = g_new0(struct keystore, 1);

	keystore->database = settings->database;
	keystore->keeper = g_strdup(settings->keeper);
	keystore->revocation = settings->revocation;
	keystore->gateways = g_strdupv((char **)settings->gateways);
	rank_sources(keystore, settings->sources);
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
	g_strfreev(keystore->gateways);
	g_free(keystore);
}

void
keystore_forget(struct keystore *keystore, const char *address)
{
	forget(keystore, address);
}

/* --- judging what the sources return --- */

/* What the authority was imported with, or else the setting. */
static enum revocation
revocation_of(const struct keystore *keystore, const char *word)
{
	if (word == NULL)
		return keystore->revocation;
	return strcmp(word, "hard") == 0   ? REVOCATION_HARD
	       : strcmp(word, "soft") == 0 ? REVOCATION_SOFT
					   : REVOCATION_OFF;
}

static struct authorities *
load_authorities(const struct keystore *keystore, struct connection *connection,
		 struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;
	struct authorities *authorities;

	if (!connection_execute(connection, &key_authorities, NULL, &result, fault))
		return NULL;
	authorities = authorities_new();
	for (int row = 0; row < PQntuples(result); row++) {
		g_autoptr(X509) certificate = certificate_in_row(result, row, 0);

		if (certificate != NULL && result_flag(result, row, 1))
			authorities_add_root(authorities, certificate,
					     trust_level_named(PQgetvalue(result, row, 2)),
					     revocation_of(keystore, result_text(result, row, 3)));
		else if (certificate != NULL)
			authorities_add_intermediate(authorities, certificate);
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
check_chain(const struct authorities *authorities, struct key *key, enum revocation *revocation_r)
{
	struct authority_chain chain;
	g_autofree char *why = NULL;

	if (key->cannot_encrypt != NULL && key->cannot_sign != NULL)
		return;
	if (authorities_verify(authorities, key->certificate, NULL, &chain, &why)) {
		key->chain = chain.certificates;
		key->not_before = chain.from;
		key->not_after = key->signs_until = chain.until;
		key->attested = true;
		/* A certificate for a whole domain: nobody but the admin says that it is for the
		 * person. */
		key->by_authority =
			key->source->is_always_last ? MIN(chain.trust, TRUST_DOMAIN) : chain.trust;
		key->authority = chain.root;
		*revocation_r = chain.revocation;
		return;
	}
	if (key->pinned || !key->attested)
		return;
	if (key->cannot_encrypt == NULL)
		key->cannot_encrypt = g_strdup(why);
	if (key->cannot_sign == NULL)
		key->cannot_sign = g_strdup(why);
}

/* Why a certificate is not used, by what is known of revocations in its chain; NULL: it is. */
static char *
why_not_good(enum revocation revocation, const struct chain_status *status)
{
	if (status->state >= CERTIFICATE_HELD)
		return g_strdup(status->why);
	if (revocation != REVOCATION_HARD)
		return NULL;
	if (status->is_missing)
		return g_strdup(status->why);
	return status->is_unnamed
		       ? g_strdup("its chain does not say whom to ask whether it was revoked")
		       : NULL;
}

/* An admin's word takes the place of a missing answer, never that of a revocation; and what we sign
 * ourselves is not held up by it. */
static bool
check_revocation(struct connection *connection, enum revocation revocation, struct key *key,
		 time_t *until, struct fault *fault)
{
	struct chain_status status;
	g_autofree char *why = NULL;

	if (key->chain == NULL)
		return true;
	if (!status_of_chain(connection, key->chain, &status, fault))
		return false;
	why = why_not_good(revocation, &status);
	key->is_revoked = status.state >= CERTIFICATE_HELD;
	key->is_unchecked = status.is_missing && revocation != REVOCATION_OFF;
	if (status.until != 0 && (*until == 0 || status.until < *until))
		*until = status.until;
	if (why != NULL && key->cannot_encrypt == NULL &&
	    (status.state >= CERTIFICATE_HELD || !key->pinned)) {
		key->cannot_encrypt = g_strdup(why);
		key->needs_check = key->is_unchecked && status.state == CERTIFICATE_UNCHECKED;
	}
	if (status.state >= CERTIFICATE_HELD && key->cannot_sign == NULL)
		key->cannot_sign = g_strdup(why);
	key->checked = status.why;
	if (status.state == CERTIFICATE_UNCHECKED && revocation == REVOCATION_OFF)
		g_clear_pointer(&key->checked, g_free);
	return true;
}

static bool
judge(const struct keystore *keystore, struct connection *connection,
      const struct authorities *authorities, struct key *key, time_t *until, struct fault *fault)
{
	enum revocation revocation = keystore->revocation;
	time_t now = time(NULL);

	if (key->kind == KEY_SMIME)
		check_chain(authorities, key, &revocation);
	if (!check_revocation(connection, revocation, key, until, fault))
		return false;
	find_private_key(keystore, key);
	for (enum key_use use = KEY_ENCRYPTS; use <= KEY_SIGNS; use++)
		key->was_in_time[use] = key_is_in_time(key, use, now);
	return true;
}

/* A key that only came with mail gives way to one that somebody vouches for, wherever the setting
 * has its source. */
static void
let_unvouched_fall(GPtrArray *keys)
{
	guint left = keys->len;

	for (guint i = 0; left > 0; left--) {
		struct key *key = g_ptr_array_index(keys, i);

		if (key->is_from_mail_only && key->by_authority == TRUST_NONE) {
			key->rank = RANK_FALLING;
			g_ptr_array_add(keys, g_ptr_array_steal_index(keys, i));
		} else {
			i++;
		}
	}
}

/* What a key's owner announced to one source counts, wherever the key comes from. */
static void
spread_capabilities(const GPtrArray *keys)
{
	for (guint i = 0; i < keys->len; i++)
		for (guint j = 0; j < keys->len; j++) {
			const struct key *one = g_ptr_array_index(keys, i);
			struct key *other = g_ptr_array_index(keys, j);

			if (strcmp(one->fingerprint, other->fingerprint) == 0) {
				other->gcm |= one->gcm;
				other->oaep |= one->oaep;
			}
		}
}

/* A key that one source has seen revoked is revoked, however old the copy of another is. */
static void
spread_revocations(const GPtrArray *keys)
{
	for (guint i = 0; i < keys->len; i++) {
		const struct key *revoked = g_ptr_array_index(keys, i);

		if (revoked->cannot_encrypt == NULL ||
		    !g_str_has_prefix(revoked->cannot_encrypt, KEY_REVOKED))
			continue;
		for (guint j = 0; j < keys->len; j++) {
			struct key *key = g_ptr_array_index(keys, j);

			if (key->cannot_encrypt == NULL &&
			    strcmp(key->fingerprint, revoked->fingerprint) == 0)
				key->cannot_encrypt = g_strdup(revoked->cannot_encrypt);
		}
	}
}

/* Adds what a source has to `keys`. */
static bool
ask_source(const struct ranked *ranked, const struct key_question *question, GPtrArray *keys,
	   struct fault *fault)
{
	guint before = keys->len;

	if (!ranked->source->find(question, keys, fault))
		return fault_within(fault, "asking the key source %s", ranked->source->name);
	for (guint i = before; i < keys->len; i++) {
		struct key *key = g_ptr_array_index(keys, i);

		key->source = ranked->source;
		key->rank = ranked->rank;
	}
	return true;
}

/* What admins imported, and what the network has: no account in the portal and no mail that came in
 * makes anybody a gateway. */
static bool
knows_gateways(const struct key_source *source, enum key_kind kind)
{
	return key_source_is_asked(source, kind) ||
	       (source->is_always_first && source->belongs == NULL);
}

/* Adds what the sources have for the gateway of the address's domain, after everything else. */
static bool
ask_for_gateway(const struct keystore *keystore, const struct key_question *about_person,
		GPtrArray *keys, struct fault *fault)
{
	g_autofree char *gateway = gateway_of(keystore->gateways, about_person->address);
	g_autoptr(GString) notes = g_string_new(NULL);
	struct key_question question = *about_person;
	const guint before = keys->len;

	question.address = gateway;
	question.notes = notes;
	for (size_t i = 0; i < keystore->ranked_count && gateway != NULL; i++) {
		question.source = keystore->ranked[i].source;
		if (knows_gateways(question.source, question.kind) &&
		    !ask_source(&keystore->ranked[i], &question, keys, fault))
			return false;
	}
	for (guint i = before; i < keys->len; i++) {
		struct key *key = g_ptr_array_index(keys, i);

		key->gateway = g_strdup(gateway);
		key->rank += GATEWAY_RANK;
	}
	return true;
}

/* Queries all sources. */
static struct kept *
load_keys(struct keystore *keystore, struct connection *connection,
	  const struct authorities *authorities, enum key_kind kind, const char *address,
	  struct fault *fault)
{
	g_autoptr(GString) notes = g_string_new(NULL);
	struct key_question question = {
		.connection = connection, .kind = kind, .address = address, .notes = notes};
	struct kept *kept = g_atomic_rc_box_new0(struct kept);

	kept->keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_unref);
	for (size_t i = 0; i < keystore->ranked_count; i++) {
		const struct key_source *source = keystore->ranked[i].source;
		time_t until = source->lifetime == 0 ? 0 : time(NULL) + source->lifetime;

		question.source = source;
		if (!ask_source(&keystore->ranked[i], &question, kept->keys, fault)) {
			kept_free(kept);
			return NULL;
		}
		if (until != 0 && (kept->until == 0 || until < kept->until))
			kept->until = until;
	}
	if (!ask_for_gateway(keystore, &question, kept->keys, fault)) {
		kept_free(kept);
		return NULL;
	}
	for (guint i = 0; i < kept->keys->len; i++)
		if (!judge(keystore, connection, authorities, g_ptr_array_index(kept->keys, i),
			   &kept->until, fault)) {
			kept_free(kept);
			return NULL;
		}
	spread_revocations(kept->keys);
	spread_capabilities(kept->keys);
	let_unvouched_fall(kept->keys);
	kept->notes = notes->len == 0 ? NULL : g_strdup(notes->str);
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
	return authorities != NULL ? authorities : load_authorities(keystore, connection, fault);
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
		authorities = take_authorities(keystore, generation, connection, fault);
		if (authorities == NULL)
			return NULL;
	}
	kept = load_keys(keystore, connection, authorities, kind, address, fault);
	if (authorities != NULL)
		give_authorities(keystore, generation, authorities);
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

static struct kept *
known_keys(struct keystore *keystore, enum key_kind kind, const char *address, struct fault *fault)
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

GPtrArray *
keystore_known(struct keystore *keystore, enum key_kind kind, const char *address,
	       struct fault *fault)
{
	g_autoptr(kept_auto) known = known_keys(keystore, kind, address, fault);

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
	g_autoptr(kept_auto) known = known_keys(keystore, kind, address, fault);
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
	g_autoptr(kept_auto) known = known_keys(keystore, kind, address, fault);

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

/* The chain of a certificate that came with mail, and why it is worth nothing. */
static bool
judge_foreign(struct connection *connection, const struct authorities *authorities,
	      X509 *certificate, STACK_OF(X509) * others, struct vouching *vouching_r,
	      struct fault *fault)
{
	struct authority_chain chain = {0};
	struct chain_status status;
	time_t now = time(NULL);

	if (!authorities_verify(authorities, certificate, others, &chain, &vouching_r->why))
		return true;
	vouching_r->chain = chain.certificates;
	vouching_r->trust = chain.trust;
	g_free(chain.root);
	if (now < chain.from || now >= chain.until) {
		vouching_r->why =
			g_strdup("its certificate, or one in its chain, is not valid now");
		return true;
	}
	if (!status_of_chain(connection, chain.certificates, &status, fault))
		return false;
	vouching_r->is_unchecked = status.is_missing && chain.revocation != REVOCATION_OFF;
	vouching_r->why = why_not_good(chain.revocation, &status);
	g_free(status.why);
	return true;
}

bool
keystore_vouches(struct keystore *keystore, X509 *certificate, STACK_OF(X509) * others,
		 struct vouching *vouching_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(keystore->database, fault);
	struct authorities *authorities;
	guint generation;
	bool done;

	*vouching_r = (struct vouching){0};
	if (connection == NULL)
		return false;
	g_mutex_lock(&keystore->lock);
	generation = keystore->generation;
	g_mutex_unlock(&keystore->lock);
	authorities = take_authorities(keystore, generation, connection, fault);
	if (authorities == NULL)
		return false;
	done = judge_foreign(connection, authorities, certificate, others, vouching_r, fault);
	give_authorities(keystore, generation, authorities);
	return done;
}

void
vouching_clear(struct vouching *vouching)
{
	g_clear_pointer(&vouching->why, g_free);
	sk_X509_pop_free(vouching->chain, X509_free);
	vouching->chain = NULL;
}

bool
keystore_signer(struct keystore *keystore, enum key_kind kind, const char *address,
		struct keystore_signer *signer_r, struct fault *fault)
{
	g_autoptr(kept_auto) known = known_keys(keystore, kind, address, fault);
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
