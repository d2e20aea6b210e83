#include "keystore/keeper/agent.h"

#include <errno.h>
#include <gpgme.h>
#include <linux/magic.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/daemon.h"
#include "core/log.h"
#include "core/temporary.h"

G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gpgme_ctx_t, gpgme_release, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gpgme_data_t, gpgme_data_release, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gpgme_key_t, gpgme_key_unref, NULL)

/* --- its home --- */

/* Removes what an earlier run left behind; the directory itself may be managed by the unit. An
 * agent that has noticed that the earlier run is gone removes its own at the same time. */
static bool
empty_directory(const char *path, struct fault *fault)
{
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	const char *name;

	while (directory != NULL && (name = g_dir_read_name(directory)) != NULL) {
		g_autofree char *inner = g_build_filename(path, name, NULL);
		bool is_directory = !g_file_test(inner, G_FILE_TEST_IS_SYMLINK) &&
				    g_file_test(inner, G_FILE_TEST_IS_DIR);

		if ((is_directory && !empty_directory(inner, fault)) ||
		    ((is_directory ? rmdir(inner) : unlink(inner)) != 0 && errno != ENOENT))
			return fault_set(fault, FAULT_CONFIG, "emptying the keeper's home: %s: %s",
					 inner, strerror(errno));
	}
	return true;
}

static bool
make_home(const char *home, struct fault *fault)
{
	struct statfs place;

	if (g_mkdir_with_parents(home, 0700) != 0 || chmod(home, 0700) != 0)
		return fault_set(fault, FAULT_CONFIG, "creating the keeper's home %s: %s", home,
				 strerror(errno));
	if (statfs(home, &place) != 0 ||
	    (place.f_type != TMPFS_MAGIC && place.f_type != RAMFS_MAGIC))
		log_warning(
			"the keeper's home %s is not in memory (tmpfs): OpenPGP private keys in "
			"use are stored unwrapped on disk; set `keeper home` to a directory "
			"below /run",
			home);
	return empty_directory(home, fault);
}

static bool
write_settings(const struct settings *settings, struct fault *fault)
{
	g_autofree char *path = g_build_filename(settings->keeper_home, "gpg-agent.conf", NULL);
	g_autofree char *text = g_strdup_printf("extra-socket %s\npinentry-program /bin/false\n",
						settings->keeper_agent);
	g_autoptr(GError) error = NULL;

	return g_file_set_contents(path, text, -1, &error) ||
	       fault_set(fault, FAULT_CONFIG, "writing the settings of gpg-agent: %s",
			 error->message);
}

/* --- starting --- */

static bool
run_tool(const struct settings *settings, const char *action)
{
	const char *const command[] = {"gpgconf", "--homedir", settings->keeper_home,
				       action,	  "gpg-agent", NULL};
	int status;

	return g_spawn_sync(NULL, (char **)command, NULL,
			    G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
				    G_SPAWN_STDERR_TO_DEV_NULL,
			    NULL, NULL, NULL, NULL, &status, NULL) &&
	       status == 0;
}

bool
agent_start(const struct settings *settings, struct fault *fault)
{
	gpgme_error_t error;

	gpgme_check_version(NULL);
	run_tool(settings, "--kill"); /* one left behind by an earlier run */
	if (!make_home(settings->keeper_home, fault) || !write_settings(settings, fault))
		return false;
	error = gpgme_set_engine_info(GPGME_PROTOCOL_OpenPGP, settings->gpg_program,
				      settings->keeper_home);
	if (error != 0)
		return fault_set(fault, FAULT_CONFIG, "starting gpg: %s", gpgme_strerror(error));
	if (!run_tool(settings, "--launch"))
		return fault_set(fault, FAULT_CONFIG, "starting gpg-agent in %s failed",
				 settings->keeper_home);
	return daemon_share_socket(settings->keeper_agent, settings->keeper_group,
				   settings->keeper_mode, fault);
}

void
agent_stop(const struct settings *settings)
{
	struct fault fault;

	run_tool(settings, "--kill");
	if (!empty_directory(settings->keeper_home, &fault))
		log_error("%s", fault.text);
}

/* --- keys --- */

static gpgme_ctx_t
gpg(struct fault *fault)
{
	gpgme_ctx_t context = NULL;
	gpgme_error_t error = gpgme_new(&context);

	if (error != 0)
		fault_set(fault, FAULT_CRYPTO, "starting gpg: %s", gpgme_strerror(error));
	return context;
}

static gpgme_error_t
import(gpgme_ctx_t context, const unsigned char *secret, size_t length)
{
	g_auto(gpgme_data_t) data = NULL;
	gpgme_error_t error = gpgme_data_new_from_mem(&data, (const char *)secret, length, 0);

	return error == 0 ? gpgme_op_import(context, data) : error;
}

/* GPGME reads what gpg says, not how it ends: so the agent itself is asked. */
static gpgme_error_t
ask_for_imported(gpgme_ctx_t context)
{
	const gpgme_import_result_t result = gpgme_op_import_result(context);
	g_auto(gpgme_key_t) key = NULL;
	gpgme_error_t error;

	if (result == NULL || result->imports == NULL || result->imports->fpr == NULL ||
	    result->secret_read == 0 ||
	    result->secret_imported + result->secret_unchanged != result->secret_read)
		return gpgme_error(GPG_ERR_NO_SECKEY);
	error = gpgme_get_key(context, result->imports->fpr, &key, 1);
	return gpgme_err_code(error) == GPG_ERR_EOF ? gpgme_error(GPG_ERR_NO_SECKEY) : error;
}

bool
agent_import(const unsigned char *secret, size_t length, struct fault *fault)
{
	g_auto(gpgme_ctx_t) context = gpg(fault);
	gpgme_error_t error;

	if (context == NULL)
		return false;
	error = import(context, secret, length);
	if (error == 0)
		error = ask_for_imported(context);
	return error == 0 || fault_set(fault, FAULT_CRYPTO, "gpg-agent does not accept it: %s",
				       gpgme_strerror(error));
}

/* --- the part of a key that only decrypts --- */

/* A context for gpg in a home of its own, below that of the agent; *home_r: caller frees with
 * end_apart(). */
static gpgme_ctx_t
gpg_apart(char **home_r, struct fault *fault)
{
	g_auto(gpgme_ctx_t) context = gpg(fault);
	gpgme_engine_info_t engine;
	g_autofree char *path = NULL;

	if (context == NULL)
		return NULL;
	engine = gpgme_ctx_get_engine_info(context);
	path = g_build_filename(engine->home_dir, "part.XXXXXX", NULL);
	if (g_mkdtemp_full(path, 0700) == NULL) {
		fault_set(fault, FAULT_STORAGE, "creating a home for gpg: %s", strerror(errno));
		return NULL;
	}
	gpgme_ctx_set_engine_info(context, GPGME_PROTOCOL_OpenPGP, engine->file_name, path);
	*home_r = g_steal_pointer(&path);
	return g_steal_pointer(&context);
}

static void
end_apart(char *home)
{
	const char *const end[] = {"gpgconf", "--homedir", home, "--kill", "all", NULL};

	if (home == NULL)
		return;
	g_spawn_sync(NULL, (char **)end, NULL,
		     G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
		     NULL, NULL, NULL, NULL, NULL, NULL);
	temporary_folder_free(home);
}

/* Patterns for gpg, ending with NULL: the subkeys that decrypt and do nothing else. Caller frees.
 */
static char **
decrypting_subkeys(const struct _gpgme_key *key)
{
	GPtrArray *patterns = g_ptr_array_new();

	for (const struct _gpgme_subkey *sub = key->subkeys->next; sub != NULL; sub = sub->next)
		if (sub->can_encrypt && !sub->can_sign && !sub->can_certify &&
		    !sub->can_authenticate)
			g_ptr_array_add(patterns, g_strconcat(sub->fpr, "!", NULL));
	g_ptr_array_add(patterns, NULL);
	return (char **)g_ptr_array_free(patterns, FALSE);
}

/* Caller frees with gpgme_free() after wiping. */
static char *
export_part(gpgme_ctx_t context, const unsigned char *secret, size_t length, size_t *length_r,
	    struct fault *fault)
{
	g_auto(gpgme_key_t) key = NULL;
	g_auto(gpgme_data_t) data = NULL;
	g_auto(GStrv) patterns = NULL;
	gpgme_error_t error = import(context, secret, length);
	const gpgme_import_result_t result = error == 0 ? gpgme_op_import_result(context) : NULL;

	if (result != NULL && result->imports != NULL && result->imports->fpr != NULL)
		error = gpgme_get_key(context, result->imports->fpr, &key, 1);
	if (key != NULL) {
		patterns = decrypting_subkeys(key);
		if (*patterns == NULL) {
			fault_set(fault, FAULT_CRYPTO,
				  "whatever of it decrypts could be used to sign as well");
			return NULL;
		}
		error = gpgme_data_new(&data);
		if (error == 0)
			error = gpgme_op_export_ext(context, (const char **)patterns,
						    GPGME_EXPORT_MODE_SECRET_SUBKEY, data);
	}
	if (error == 0 && data != NULL)
		return gpgme_data_release_and_get_mem(g_steal_pointer(&data), length_r);
	fault_set(fault, FAULT_CRYPTO, "gpg cannot take it apart: %s",
		  error == 0 ? "it reads no key" : gpgme_strerror(error));
	return NULL;
}

bool
agent_import_opening(const unsigned char *secret, size_t length, struct fault *fault)
{
	char *home = NULL;
	g_auto(gpgme_ctx_t) context = gpg_apart(&home, fault);
	size_t part_length = 0;
	char *part =
		context == NULL ? NULL : export_part(context, secret, length, &part_length, fault);
	bool imported =
		part != NULL && agent_import((const unsigned char *)part, part_length, fault);

	end_apart(home);
	if (part != NULL)
		sodium_memzero(part, part_length);
	gpgme_free(part);
	return imported;
}

bool
agent_delete(const char *fingerprint, struct fault *fault)
{
	g_auto(gpgme_ctx_t) context = gpg(fault);
	g_auto(gpgme_key_t) key = NULL;
	gpgme_error_t error;

	if (context == NULL)
		return false;
	error = gpgme_get_key(context, fingerprint, &key, 1);
	if (gpgme_err_code(error) == GPG_ERR_EOF)
		return true; /* the agent has no such key */
	if (error == 0)
		error = gpgme_op_delete_ext(context, key,
					    GPGME_DELETE_ALLOW_SECRET | GPGME_DELETE_FORCE);
	return error == 0 ||
	       fault_set(fault, FAULT_CRYPTO, "removing the private key %.16s from gpg-agent: %s",
			 fingerprint, gpgme_strerror(error));
}
