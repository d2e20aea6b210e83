#include "keystore/keeper/openpgp_maker.h"

#include <errno.h>
#include <string.h>

#include "core/temporary.h"
#include "keystore/key.h"

/* gpg's home for one key, and what it is told. */
struct home {
	const struct settings *settings;
	char *path;
};

static void
home_clear(struct home *home)
{
	const char *const end[] = {"gpgconf", "--homedir", home->path, "--kill", "all", NULL};

	if (home->path == NULL)
		return;
	g_spawn_sync(NULL, (char **)end, NULL,
		     G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
		     NULL, NULL, NULL, NULL, NULL, NULL);
	temporary_folder_free(home->path);
}
typedef struct home home_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(home_auto, home_clear)

static bool
home_make(struct home *home, const struct settings *settings, struct fault *fault)
{
	g_autofree char *path = g_build_filename(settings->keeper_home, "make.XXXXXX", NULL);

	*home = (struct home){.settings = settings};
	if (g_mkdtemp_full(path, 0700) == NULL)
		return fault_set(fault, FAULT_STORAGE, "creating a home for gpg in %s: %s",
				 settings->keeper_home, strerror(errno));
	home->path = g_steal_pointer(&path);
	return true;
}

/* Runs gpg with the words, which end with NULL. */
static bool
gpg(const struct home *home, const char *const *words, struct fault *fault)
{
	const char *const first[] = {home->settings->gpg_program,
				     "--homedir",
				     home->path,
				     "--no-tty",
				     "--yes",
				     "--no-auto-check-trustdb",
				     "--display-charset",
				     "utf-8",
				     "--pinentry-mode",
				     "loopback",
				     "--passphrase",
				     ""};
	g_autoptr(GPtrArray) command = g_ptr_array_new();
	g_autofree gchar *errors = NULL;
	g_autoptr(GError) error = NULL;
	int status = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(first); i++)
		g_ptr_array_add(command, (char *)first[i]);
	for (; *words != NULL; words++)
		g_ptr_array_add(command, (char *)*words);
	g_ptr_array_add(command, NULL);
	if (!g_spawn_sync(NULL, (char **)command->pdata, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
			  NULL, NULL, &errors, &status, &error))
		return fault_set(fault, FAULT_CRYPTO, "running gpg: %s", error->message);
	return status == 0 || fault_set(fault, FAULT_CRYPTO, "running gpg: %s", g_strchomp(errors));
}

/* --- files in the home --- */

static GBytes *
read_file(const struct home *home, const char *name, struct fault *fault)
{
	g_autofree char *path = g_build_filename(home->path, name, NULL);
	g_autoptr(GError) error = NULL;
	char *bytes;
	gsize length;

	if (g_file_get_contents(path, &bytes, &length, &error))
		return key_secret_bytes((unsigned char *)bytes, length);
	fault_set(fault, FAULT_CRYPTO, "reading what gpg wrote: %s", error->message);
	return NULL;
}

static bool
write_file(const struct home *home, const char *name, const void *bytes, gsize length,
	   struct fault *fault)
{
	g_autofree char *path = g_build_filename(home->path, name, NULL);
	g_autoptr(GError) error = NULL;

	return g_file_set_contents_full(path, bytes, (gssize)length, G_FILE_SET_CONTENTS_NONE, 0600,
					&error) ||
	       fault_set(fault, FAULT_STORAGE, "writing for gpg: %s", error->message);
}

/* --- whole keys --- */

/* `how`: "--export" or "--export-secret-keys". */
static GBytes *export(const struct home *home, const char *how, const char *key,
		      struct fault *fault)
{
	static const char name[] = "exported";
	g_autofree char *path = g_build_filename(home->path, name, NULL);

	return gpg(home, (const char *const[]){"--batch", "--output", path, how, key, NULL}, fault)
		       ? read_file(home, name, fault)
		       : NULL;
}

static bool
import(const struct home *home, GBytes *key, struct fault *fault)
{
	static const char name[] = "imported";
	g_autofree char *path = g_build_filename(home->path, name, NULL);
	gsize length;
	const void *bytes = g_bytes_get_data(key, &length);

	return write_file(home, name, bytes, length, fault) &&
	       gpg(home, (const char *const[]){"--batch", "--import", path, NULL}, fault);
}

static bool
export_public(const struct home *home, struct made_openpgp *made, struct fault *fault)
{
	GBytes *public_key = export(home, "--export", made->fingerprint, fault);

	if (public_key == NULL)
		return false;
	g_clear_pointer(&made->public_key, g_bytes_unref);
	made->public_key = public_key;
	return true;
}

/* The certificate that gpg makes beforehand for each new key is named after its fingerprint. */
static char *
fingerprint_in(const struct home *home, struct fault *fault)
{
	static const char ending[] = ".rev";
	g_autofree char *path = g_build_filename(home->path, "openpgp-revocs.d", NULL);
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	const char *name = directory == NULL ? NULL : g_dir_read_name(directory);

	if (name != NULL && g_str_has_suffix(name, ending))
		return g_strndup(name, strlen(name) - strlen(ending));
	fault_set(fault, FAULT_CRYPTO, "making an OpenPGP key: gpg does not say which it made");
	return NULL;
}

bool
openpgp_make(const struct settings *settings, const char *address, gint64 seconds,
	     struct made_openpgp *made_r, struct fault *fault)
{
	g_autofree char *until = g_strdup_printf("seconds=%" G_GINT64_FORMAT, seconds);
	g_auto(home_auto) home = {0};

	*made_r = (struct made_openpgp){0};
	if (!home_make(&home, settings, fault) ||
	    !gpg(&home,
		 (const char *const[]){"--batch", "--quick-generate-key", "--", address, "ed25519",
				       "cert,sign", until, NULL},
		 fault))
		return false;
	made_r->fingerprint = fingerprint_in(&home, fault);
	if (made_r->fingerprint == NULL ||
	    !gpg(&home,
		 (const char *const[]){"--batch", "--quick-add-key", made_r->fingerprint, "cv25519",
				       "encr", until, NULL},
		 fault))
		return false;
	made_r->secret = export(&home, "--export-secret-keys", made_r->fingerprint, fault);
	return made_r->secret != NULL && export_public(&home, made_r, fault);
}

static bool
take(struct home *home, const struct settings *settings, const struct made_openpgp *made,
     struct fault *fault)
{
	return home_make(home, settings, fault) && import(home, made->public_key, fault) &&
	       import(home, made->secret, fault);
}

bool
openpgp_extend(const struct settings *settings, struct made_openpgp *made, gint64 seconds,
	       struct fault *fault)
{
	g_autofree char *until = g_strdup_printf("seconds=%" G_GINT64_FORMAT, seconds);
	const char *words[] = {"--batch", "--quick-set-expire", made->fingerprint, until, "*",
			       NULL};
	g_auto(home_auto) home = {0};

	if (!take(&home, settings, made, fault) || !gpg(&home, words, fault)) /* its subkeys */
		return false;
	words[4] = NULL; /* itself */
	return gpg(&home, words, fault) && export_public(&home, made, fault);
}

/* gpg asks whether, why, and for a description that ends with an empty line, and once more whether.
 */
static char *
answers(const char *reason)
{
	int number = strcmp(reason, "keyCompromise") == 0 ? 1
		     : strcmp(reason, "superseded") == 0  ? 2
		     : strcmp(reason, "unspecified") == 0 ? 0
							  : 3; /* no longer used */

	return g_strdup_printf("y\n%d\n\ny\n", number);
}

bool
openpgp_revoke(const struct settings *settings, struct made_openpgp *made, const char *reason,
	       struct fault *fault)
{
	static const char dialogue[] = "answers", result[] = "revocation";
	g_autofree char *text = answers(reason);
	g_autofree char *from = NULL, *to = NULL;
	g_auto(home_auto) home = {0};

	if (!take(&home, settings, made, fault) ||
	    !write_file(&home, dialogue, text, strlen(text), fault))
		return false;
	from = g_build_filename(home.path, dialogue, NULL);
	to = g_build_filename(home.path, result, NULL);
	return gpg(&home,
		   (const char *const[]){"--command-file", from, "--output", to, "--gen-revoke",
					 made->fingerprint, NULL},
		   fault) &&
	       gpg(&home, (const char *const[]){"--batch", "--import", to, NULL}, fault) &&
	       export_public(&home, made, fault);
}

void
made_openpgp_clear(struct made_openpgp *made)
{
	g_clear_pointer(&made->fingerprint, g_free);
	g_clear_pointer(&made->public_key, g_bytes_unref);
	g_clear_pointer(&made->secret, g_bytes_unref);
}
