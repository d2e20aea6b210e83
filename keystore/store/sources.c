#include "keystore/store/store.h"

#include <string.h>

#include "keystore/gateway.h"

#define RANK_LAST    (UINT_MAX - 1)
#define RANK_FALLING UINT_MAX /* of keys that nobody vouches for */

enum { GATEWAY_RANK = 1000 }; /* more than there are sources */

const struct key_source *const key_sources[] = {&key_source_database, &key_source_word,
						&key_source_upload,   &key_source_mail,
						&key_source_wkd,      &key_source_dane,
						&key_source_ldap,     &key_source_servers,
						&key_source_domain,   NULL};
G_STATIC_ASSERT(G_N_ELEMENTS(key_sources) - 1 <= SOURCES_MAX);

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

void
store_rank_sources(struct keystore *keystore, char *const *names)
{
	for (size_t i = 0; key_sources[i] != NULL; i++) {
		struct ranked *ranked = &keystore->ranked[keystore->ranked_count];

		ranked->source = key_sources[i];
		if (find_rank(names, ranked->source, &ranked->rank))
			keystore->ranked_count++;
	}
	qsort(keystore->ranked, keystore->ranked_count, sizeof *keystore->ranked, compare_ranks);
}

/* --- asking them --- */

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

/* --- what one says of another --- */

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

/* --- all of it --- */

struct kept *
store_load_keys(struct keystore *keystore, struct connection *connection,
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
			store_kept_free(kept);
			return NULL;
		}
		if (until != 0 && (kept->until == 0 || until < kept->until))
			kept->until = until;
	}
	if (!ask_for_gateway(keystore, &question, kept->keys, fault)) {
		store_kept_free(kept);
		return NULL;
	}
	for (guint i = 0; i < kept->keys->len; i++)
		if (!store_judge(keystore, connection, authorities,
				 g_ptr_array_index(kept->keys, i), &kept->until, fault)) {
			store_kept_free(kept);
			return NULL;
		}
	spread_revocations(kept->keys);
	spread_capabilities(kept->keys);
	let_unvouched_fall(kept->keys);
	kept->notes = notes->len == 0 ? NULL : g_strdup(notes->str);
	return kept;
}
