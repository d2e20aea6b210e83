#include "keystore/keeper/vault.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <string.h>

#include "core/listener.h"
#include "core/log.h"
#include "keystore/keeper/agent.h"
#include "keystore/keeper/unwrap.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)

static const struct statement private_key = {
	"vault_key",
	"select k.kind, p.sealed from postseal.key k join postseal.private_key p on p.key = k.id "
	"where k.fingerprint = $1"};

/* What was encrypted to the key of somebody who has left, or to one that was revoked, is still
 * opened; nothing is signed with it. */
static const struct statement opening_key = {
	"vault_opening_key",
	"select k.kind, coalesce(p.sealed, r.sealed) from postseal.key k left join postseal.private_key p on p.key = k.id"
	" left join postseal.retired_key r on r.key = k.id "
	"where k.fingerprint = $1 and coalesce(p.sealed, r.sealed) is not null"};

/* For the agent: a key that is only for opening is given to it without what signs. */
static const struct statement agent_key = {
	"vault_agent_key",
	"select k.kind, coalesce(p.sealed, r.sealed), p.sealed is null from postseal.key k"
	" left join postseal.private_key p on p.key = k.id left join postseal.retired_key r on r.key = k.id "
	"where k.fingerprint = $1 and coalesce(p.sealed, r.sealed) is not null"};
enum { KIND, SEALED, ONLY_OPENS };

/* What the agent may hold of a key. */
enum held { HELD_WHOLE, HELD_OPENING };

struct vault {
	struct database *database;
	struct listener *listener;
	struct ring *master;
	GMutex lock;
	GHashTable *keys; /* fingerprint, for what is only for opening after "open:", to EVP_PKEY */
	guint generation; /* of `keys`: counts the times that something may have changed */
	GMutex agent_lock;
	GHashTable *held;     /* fingerprints of keys that the agent may hold, to enum held */
	GHashTable *prepared; /* those that it holds in the same state as the database */
};

/* If the key has been deleted, or if only a part of it may be held any more, is it now also deleted
 * from the agent? */
static gboolean
is_gone(gpointer fingerprint, gpointer held, gpointer data)
{
	const struct statement *may_be_held =
		GPOINTER_TO_INT(held) == HELD_OPENING ? &opening_key : &private_key;
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	struct fault fault;

	parameters_text(&parameters, fingerprint);
	if (!connection_execute(data, may_be_held, &parameters, &result, &fault)) {
		log_warning("checking whether the private key %.16s still exists: %s",
			    (const char *)fingerprint, fault.text);
		return FALSE;
	}
	if (PQntuples(result) > 0)
		return FALSE;
	if (!agent_delete(fingerprint, &fault)) {
		log_error("%s", fault.text);
		return FALSE;
	}
	log_info("the private key %s was deleted, here as well", (const char *)fingerprint);
	return TRUE;
}

/* Deleted keys must not stay unwrapped in the agent. Called under its lock. If the database cannot
 * be reached, this is tried again when it is back, as the listener then calls. */
static void
take_from_agent(struct vault *vault)
{
	struct fault fault;
	g_autoptr(connection_auto) connection = NULL;

	if (g_hash_table_size(vault->held) == 0)
		return;
	connection = database_take(vault->database, &fault);
	if (connection != NULL)
		g_hash_table_foreach_remove(vault->held, is_gone, connection);
}

/* Any key may have been changed or deleted. */
static void
forget(void *context, const char *payload)
{
	struct vault *vault = context;

	(void)payload;
	g_mutex_lock(&vault->lock);
	vault->generation++;
	g_hash_table_remove_all(vault->keys);
	g_mutex_unlock(&vault->lock);
	g_mutex_lock(&vault->agent_lock);
	g_hash_table_remove_all(vault->prepared);
	take_from_agent(vault);
	g_mutex_unlock(&vault->agent_lock);
}

struct vault *
vault_new(struct database *database, const struct database_settings *listen, struct ring *master)
{
	struct vault *vault = g_new0(struct vault, 1);

	vault->database = database;
	vault->master = master;
	g_mutex_init(&vault->lock);
	g_mutex_init(&vault->agent_lock);
	vault->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    (GDestroyNotify)EVP_PKEY_free);
	vault->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	vault->prepared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	vault->listener = listener_start(listen, "postseal_key", forget, vault);
	return vault;
}

void
vault_free(struct vault *vault)
{
	listener_stop(vault->listener);
	g_hash_table_unref(vault->keys);
	g_hash_table_unref(vault->held);
	g_hash_table_unref(vault->prepared);
	g_mutex_clear(&vault->agent_lock);
	g_mutex_clear(&vault->lock);
	g_free(vault);
}

/* --- opening --- */

/* The private key in plain text; wipe it with sodium_memzero(), then g_free(). *only_opens_r, which
 * may be NULL, is for `agent_key`. */
static unsigned char *
open_secret(struct vault *vault, const struct statement *which, const char *kind,
	    const char *fingerprint, size_t *length_r, bool *only_opens_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(vault->database, fault);
	g_autoptr(PGresult) result = NULL;
	g_autofree unsigned char *sealed = NULL;
	struct parameters parameters = {0};
	unsigned char *plain;
	size_t length;

	parameters_text(&parameters, fingerprint);
	if (connection == NULL ||
	    !connection_execute(connection, which, &parameters, &result, fault))
		return NULL;
	if (PQntuples(result) != 1 || strcmp(PQgetvalue(result, 0, KIND), kind) != 0) {
		fault_set(fault, FAULT_CRYPTO, "there is no such private key");
		return NULL;
	}
	if (only_opens_r != NULL)
		*only_opens_r = result_flag(result, 0, ONLY_OPENS);
	sealed = result_bytes(result, 0, SEALED, &length);
	plain = ring_open(vault->master, sealed, length, fingerprint, length_r);
	if (plain == NULL)
		fault_set(fault, FAULT_CRYPTO, "no master key of this node opens it");
	return plain;
}

static EVP_PKEY *
load_key(struct vault *vault, bool opens, const char *fingerprint, struct fault *fault)
{
	size_t length;
	unsigned char *plain = open_secret(vault, opens ? &opening_key : &private_key, "smime",
					   fingerprint, &length, NULL, fault);
	const unsigned char *at = plain;
	EVP_PKEY *key;

	if (plain == NULL)
		return NULL;
	key = d2i_AutoPrivateKey(NULL, &at, (long)length);
	sodium_memzero(plain, length);
	g_free(plain);
	if (key == NULL)
		fault_set(fault, FAULT_CRYPTO, "it cannot be read");
	return key;
}

/* A reference to a cached key, or NULL. *generation_r is for keep(). */
static EVP_PKEY *
kept_key(struct vault *vault, const char *fingerprint, guint *generation_r)
{
	EVP_PKEY *key;

	g_mutex_lock(&vault->lock);
	*generation_r = vault->generation;
	key = g_hash_table_lookup(vault->keys, fingerprint);
	if (key != NULL)
		EVP_PKEY_up_ref(key);
	g_mutex_unlock(&vault->lock);
	return key;
}

/* Only if no change was reported since the look-up began: otherwise the key may have been deleted
 * in the meantime. */
static void
keep(struct vault *vault, guint generation, const char *fingerprint, EVP_PKEY *key)
{
	g_mutex_lock(&vault->lock);
	if (generation == vault->generation && listener_is_connected(vault->listener)) {
		EVP_PKEY_up_ref(key);
		g_hash_table_insert(vault->keys, g_strdup(fingerprint), key);
	}
	g_mutex_unlock(&vault->lock);
}

/* Returns a reference that the caller owns. */
static EVP_PKEY *
key_for(struct vault *vault, bool opens, const char *fingerprint, struct fault *fault)
{
	g_autofree char *name = g_strconcat(opens ? "open:" : "", fingerprint, NULL);
	guint generation;
	EVP_PKEY *key = kept_key(vault, name, &generation);

	if (key != NULL)
		return key;
	key = load_key(vault, opens, fingerprint, fault);
	if (key != NULL)
		keep(vault, generation, name, key);
	return key;
}

/* Only what a signature on mail is made of: whoever asks for a digest that is known to be weak, or
 * for bytes that are no digest, could have something else signed. ECDSA is not told the digest's
 * name. */
static bool
is_digest(const EVP_PKEY *key, const struct keeper_request *request)
{
	static const struct {
		int nid;
		uint32_t length;
	} digests[] = {{NID_sha256, 32}, {NID_sha384, 48}, {NID_sha512, 64}};
	bool may_be_unnamed = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;

	for (size_t i = 0; i < G_N_ELEMENTS(digests); i++)
		if (request->length == digests[i].length &&
		    (request->digest_nid == digests[i].nid ||
		     (may_be_unnamed && request->digest_nid == NID_undef)))
			return true;
	return false;
}

bool
vault_sign(struct vault *vault, const struct keeper_request *request, struct keeper_reply *reply,
	   struct fault *fault)
{
	g_autoptr(EVP_PKEY) key = key_for(vault, false, request->fingerprint, fault);
	g_autoptr(EVP_PKEY_CTX) context = NULL;
	size_t length = sizeof reply->signature;
	const EVP_MD *digest =
		request->digest_nid == NID_undef ? NULL : EVP_get_digestbynid(request->digest_nid);

	if (key == NULL)
		return false;
	context = is_digest(key, request) ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
	    (digest != NULL && EVP_PKEY_CTX_set_signature_md(context, digest) != 1) ||
	    EVP_PKEY_sign(context, reply->signature, &length, request->digest, request->length) !=
		    1)
		return fault_set(fault, FAULT_CRYPTO, "it cannot sign such a digest");
	reply->length = (uint32_t)length;
	return true;
}

bool
vault_unwrap(struct vault *vault, const struct keeper_request *request, struct keeper_reply *reply,
	     struct fault *fault)
{
	g_autoptr(EVP_PKEY) key = key_for(vault, true, request->fingerprint, fault);

	return key != NULL && unwrap_key(key, &request->wrapped, reply->key, fault);
}

/* --- OpenPGP keys --- */

/* Added to `held` before the import: one that fails half-way must be cleaned up too. */
static bool
give_to_agent(struct vault *vault, const char *fingerprint, struct fault *fault)
{
	size_t length;
	bool only_opens, taken;
	unsigned char *plain =
		open_secret(vault, &agent_key, "pgp", fingerprint, &length, &only_opens, fault);

	if (plain == NULL)
		return false;
	g_hash_table_insert(vault->held, g_strdup(fingerprint),
			    GINT_TO_POINTER(only_opens ? HELD_OPENING : HELD_WHOLE));
	taken = only_opens ? agent_import_opening(plain, length, fault)
			   : agent_import(plain, length, fault);
	sodium_memzero(plain, length);
	g_free(plain);
	return taken;
}

bool
vault_prepare(struct vault *vault, const char *fingerprint, struct fault *fault)
{
	bool ready;

	g_mutex_lock(&vault->agent_lock);
	/* While the listener is not connected, nobody reports that a key was deleted. */
	ready = listener_is_connected(vault->listener) &&
		g_hash_table_contains(vault->prepared, fingerprint);
	if (!ready) {
		ready = give_to_agent(vault, fingerprint, fault);
		if (ready)
			g_hash_table_add(vault->prepared, g_strdup(fingerprint));
	}
	g_mutex_unlock(&vault->agent_lock);
	return ready;
}
