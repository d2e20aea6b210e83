#include "keystore/keeper/vault.h"

#include <errno.h>
#include <gpgme.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/daemon.h"
#include "core/listener.h"

G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gpgme_ctx_t, gpgme_release, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gpgme_data_t, gpgme_data_release, NULL)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)

static const struct statement private_key = {
	"vault_key",
	"select k.kind, p.sealed from postseal.key k join postseal.private_key p on p.key = k.id "
	"where k.fingerprint = $1"};

struct vault {
	struct database *database;
	struct listener *listener;
	struct seal_key master;
	GMutex lock;
	GHashTable *keys;     /* fingerprint to EVP_PKEY */
	GHashTable *prepared; /* fingerprints that the agent has */
};

/* Any key may have changed or gone. */
static void
forget(void *context, const char *payload)
{
	struct vault *vault = context;

	(void)payload;
	g_mutex_lock(&vault->lock);
	g_hash_table_remove_all(vault->keys);
	g_hash_table_remove_all(vault->prepared);
	g_mutex_unlock(&vault->lock);
}

struct vault *
vault_new(struct database *database, const struct database_settings *listen, const struct seal_key *master)
{
	struct vault *vault = g_new0(struct vault, 1);

	vault->database = database;
	vault->master = *master;
	g_mutex_init(&vault->lock);
	vault->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)EVP_PKEY_free);
	vault->prepared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	vault->listener = listener_start(listen, "postseal_key", forget, vault);
	return vault;
}

void
vault_free(struct vault *vault)
{
	listener_stop(vault->listener);
	g_hash_table_unref(vault->keys);
	g_hash_table_unref(vault->prepared);
	g_mutex_clear(&vault->lock);
	sodium_memzero(&vault->master, sizeof vault->master);
	g_free(vault);
}

/* --- opening --- */

/* The private key in plain; wipe it with sodium_memzero(), then g_free(). */
static unsigned char *
open_secret(struct vault *vault, const char *kind, const char *fingerprint, size_t *length_r,
	    struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(vault->database, fault);
	g_autoptr(PGresult) result = NULL;
	g_autofree unsigned char *sealed = NULL;
	struct parameters parameters = {0};
	unsigned char *plain;
	size_t length;

	parameters_text(&parameters, fingerprint);
	if (connection == NULL || !connection_execute(connection, &private_key, &parameters, &result, fault))
		return NULL;
	if (PQntuples(result) != 1 || strcmp(PQgetvalue(result, 0, 0), kind) != 0) {
		fault_set(fault, FAULT_CRYPTO, "there is no such private key");
		return NULL;
	}
	sealed = result_bytes(result, 0, 1, &length);
	plain = seal_open_bytes(sealed, length, &vault->master, fingerprint, length_r);
	if (plain == NULL)
		fault_set(fault, FAULT_CRYPTO, "it does not open with the master key");
	return plain;
}

static EVP_PKEY *
load_key(struct vault *vault, const char *fingerprint, struct fault *fault)
{
	size_t length;
	unsigned char *plain = open_secret(vault, "smime", fingerprint, &length, fault);
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

/* The caller's reference. */
static EVP_PKEY *
key_for(struct vault *vault, const char *fingerprint, struct fault *fault)
{
	EVP_PKEY *key;

	g_mutex_lock(&vault->lock);
	key = g_hash_table_lookup(vault->keys, fingerprint);
	if (key != NULL)
		EVP_PKEY_up_ref(key);
	g_mutex_unlock(&vault->lock);
	if (key != NULL)
		return key;
	key = load_key(vault, fingerprint, fault);
	if (key != NULL && listener_is_connected(vault->listener)) {
		EVP_PKEY_up_ref(key);
		g_mutex_lock(&vault->lock);
		g_hash_table_insert(vault->keys, g_strdup(fingerprint), key);
		g_mutex_unlock(&vault->lock);
	}
	return key;
}

bool
vault_sign(struct vault *vault, const struct keeper_request *request, struct keeper_reply *reply,
	   struct fault *fault)
{
	g_autoptr(EVP_PKEY) key = key_for(vault, request->fingerprint, fault);
	g_autoptr(EVP_PKEY_CTX) context = NULL;
	size_t length = sizeof reply->signature;
	const EVP_MD *digest = request->digest_nid == NID_undef ? NULL : EVP_get_digestbynid(request->digest_nid);

	if (key == NULL)
		return false;
	context = EVP_PKEY_CTX_new(key, NULL);
	if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
	    (digest != NULL && EVP_PKEY_CTX_set_signature_md(context, digest) != 1) ||
	    EVP_PKEY_sign(context, reply->signature, &length, request->digest, request->length) != 1)
		return fault_set(fault, FAULT_CRYPTO, "it does not sign such a digest");
	reply->length = (uint32_t)length;
	return true;
}

/* --- the agent --- */

static gpgme_ctx_t
gpg(struct fault *fault)
{
	gpgme_ctx_t context = NULL;
	gpgme_error_t error = gpgme_new(&context);

	if (error != 0)
		fault_set(fault, FAULT_CRYPTO, "starting gpg: %s", gpgme_strerror(error));
	return context;
}

static bool
write_agent_settings(const struct settings *settings, struct fault *fault)
{
	g_autofree char *path = g_build_filename(settings->keeper_home, "gpg-agent.conf", NULL);
	g_autofree char *text = g_strdup_printf("extra-socket %s\npinentry-program /bin/false\n",
						 settings->keeper_agent);
	g_autoptr(GError) error = NULL;

	if (g_mkdir_with_parents(settings->keeper_home, 0700) != 0 || chmod(settings->keeper_home, 0700) != 0)
		return fault_set(fault, FAULT_CONFIG, "making the keeper's home %s: %s", settings->keeper_home,
				 strerror(errno));
	return g_file_set_contents(path, text, -1, &error) ||
	       fault_set(fault, FAULT_CONFIG, "writing the settings of gpg-agent: %s", error->message);
}

static bool
run_tool(const struct settings *settings, const char *action)
{
	const char *const command[] = {"gpgconf", "--homedir", settings->keeper_home, action, "gpg-agent", NULL};
	int status;

	return g_spawn_sync(NULL, (char **)command, NULL,
			    G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
			    NULL, NULL, &status, NULL) &&
	       status == 0;
}

bool
vault_start_agent(const struct settings *settings, struct fault *fault)
{
	gpgme_error_t error;

	gpgme_check_version(NULL);
	if (!write_agent_settings(settings, fault))
		return false;
	error = gpgme_set_engine_info(GPGME_PROTOCOL_OpenPGP, settings->gpg_program, settings->keeper_home);
	if (error != 0)
		return fault_set(fault, FAULT_CONFIG, "starting gpg: %s", gpgme_strerror(error));
	run_tool(settings, "--kill"); /* one that an earlier run left behind */
	if (!run_tool(settings, "--launch"))
		return fault_set(fault, FAULT_CONFIG, "starting gpg-agent in %s failed", settings->keeper_home);
	return daemon_share_socket(settings->keeper_agent, settings->keeper_group, settings->keeper_mode, fault);
}

void
vault_stop_agent(const struct settings *settings)
{
	run_tool(settings, "--kill");
}

static bool
give_to_agent(struct vault *vault, const char *fingerprint, struct fault *fault)
{
	g_auto(gpgme_ctx_t) context = gpg(fault);
	g_auto(gpgme_data_t) data = NULL;
	size_t length;
	unsigned char *plain;
	gpgme_error_t error;

	if (context == NULL)
		return false;
	plain = open_secret(vault, "pgp", fingerprint, &length, fault);
	if (plain == NULL)
		return false;
	error = gpgme_data_new_from_mem(&data, (const char *)plain, length, 0);
	if (error == 0)
		error = gpgme_op_import(context, data);
	sodium_memzero(plain, length);
	g_free(plain);
	return error == 0 || fault_set(fault, FAULT_CRYPTO, "gpg-agent does not take it: %s", gpgme_strerror(error));
}

bool
vault_prepare(struct vault *vault, const char *fingerprint, struct fault *fault)
{
	bool ready;

	g_mutex_lock(&vault->lock);
	ready = g_hash_table_contains(vault->prepared, fingerprint);
	g_mutex_unlock(&vault->lock);
	if (ready)
		return true;
	if (!give_to_agent(vault, fingerprint, fault))
		return false;
	g_mutex_lock(&vault->lock);
	g_hash_table_add(vault->prepared, g_strdup(fingerprint));
	g_mutex_unlock(&vault->lock);
	return true;
}
