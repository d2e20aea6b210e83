#include "keystore/openpgp.h"

#include <ftw.h>
#include <gpgme.h>
#include <string.h>
#include <unistd.h>

#include "core/address.h"

enum { RSA_BITS_MIN = 2048 };

G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gpgme_ctx_t, gpgme_release, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gpgme_data_t, gpgme_data_release, NULL)

static void
openpgp_key_free(struct openpgp_key *key)
{
	g_free(key->fingerprint);
	g_free(key->owner);
	g_ptr_array_unref(key->addresses);
	g_free(key->problem);
	g_clear_pointer(&key->content, g_bytes_unref);
	g_clear_pointer(&key->secret, g_bytes_unref);
	g_free(key);
}

static bool
gpg_fault(struct fault *fault, gpgme_error_t error, const char *doing)
{
	return fault_set(fault, FAULT_CRYPTO, "%s: %s", doing, gpgme_strerror(error));
}

/* --- the private home --- */

static int
remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path) == 0 || access(path, F_OK) != 0 ? 0 : -1;
}

/* The agent ends by itself when its home is gone. */
static void
home_free(char *home)
{
	if (home != NULL)
		nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	g_free(home);
}
typedef char home_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(home_auto, home_free)

static gpgme_ctx_t
context_new(const char *home, const char *gpg_program, struct fault *fault)
{
	g_auto(gpgme_ctx_t) context = NULL;
	gpgme_error_t error;

	gpgme_check_version(NULL);
	error = gpgme_new(&context);
	if (error == 0)
		error = gpgme_ctx_set_engine_info(context, GPGME_PROTOCOL_OpenPGP, gpg_program, home);
	if (error != 0) {
		gpg_fault(fault, error, "starting gpg");
		return NULL;
	}
	gpgme_set_pinentry_mode(context, GPGME_PINENTRY_MODE_ERROR);
	return g_steal_pointer(&context);
}

/* --- one key --- */

static GBytes *
export(gpgme_ctx_t context, gpgme_key_t key, gpgme_export_mode_t mode, gpgme_error_t *error_r)
{
	gpgme_key_t keys[] = {key, NULL};
	gpgme_data_t data;
	size_t length;
	char *memory, *copy;

	*error_r = gpgme_data_new(&data);
	if (*error_r != 0)
		return NULL;
	*error_r = gpgme_op_export_keys(context, keys, mode, data);
	memory = gpgme_data_release_and_get_mem(data, &length);
	if (*error_r != 0 || length == 0) {
		gpgme_free(memory);
		return NULL;
	}
	copy = g_memdup2(memory, length);
	if (mode == GPGME_EXPORT_MODE_SECRET)
		explicit_bzero(memory, length);
	gpgme_free(memory);
	return mode == GPGME_EXPORT_MODE_SECRET ? key_secret_bytes((unsigned char *)copy, length)
						: g_bytes_new_take(copy, length);
}

static bool
is_weak_subkey(const struct _gpgme_subkey *subkey)
{
	switch (subkey->pubkey_algo) {
	case GPGME_PK_RSA:
	case GPGME_PK_RSA_E:
	case GPGME_PK_RSA_S:
	case GPGME_PK_DSA:
	case GPGME_PK_ELG:
	case GPGME_PK_ELG_E:
		return subkey->length < RSA_BITS_MIN;
	default:
		return false;
	}
}

static time_t
earlier(time_t a, time_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The key can be used as long as its primary key and its longest encryption subkey. */
static void
look_at_subkeys(gpgme_key_t key, struct openpgp_key *into)
{
	bool found = false, endless = false, weak = is_weak_subkey(key->subkeys);
	time_t last = 0;

	for (gpgme_subkey_t s = key->subkeys; s != NULL; s = s->next) {
		if (!s->can_encrypt || s->revoked || s->invalid || s->disabled)
			continue;
		found = true;
		weak |= is_weak_subkey(s);
		endless |= s->expires == 0;
		last = MAX(last, (time_t)s->expires);
	}
	into->not_before = (time_t)key->subkeys->timestamp;
	into->not_after = earlier(endless ? 0 : last, (time_t)key->subkeys->expires);
	if (key->revoked)
		into->problem = g_strdup("revoked by its owner");
	else if (key->invalid || key->disabled)
		into->problem = g_strdup("gpg calls the key invalid");
	else if (!found)
		into->problem = g_strdup("it has no subkey for encryption");
	else if (weak)
		into->problem = g_strdup("RSA, DSA or ElGamal with less than 2048 bits is too weak");
}

static bool
is_well_signed(const GPtrArray *well_signed, const char *user_id)
{
	for (guint i = 0; i < well_signed->len; i++)
		if (strcmp(g_ptr_array_index(well_signed, i), user_id) == 0)
			return true;
	return false;
}

static void
look_at_user_ids(gpgme_key_t key, const GPtrArray *well_signed, struct openpgp_key *into)
{
	for (gpgme_user_id_t u = key->uids; u != NULL; u = u->next) {
		if (into->owner == NULL)
			into->owner = g_strdup(u->uid);
		/* With the key, gpg calls all its user IDs revoked; the log shall know whose it was. */
		if ((u->revoked && !key->revoked) || u->invalid || u->email == NULL || !address_is_valid(u->email) ||
		    !is_well_signed(well_signed, u->uid))
			continue;
		g_ptr_array_add(into->addresses, address_fold(u->email));
	}
	if (into->owner == NULL)
		into->owner = g_strdup("");
}

static void
look_at_signatures(struct openpgp_key *key, GPtrArray *well_signed)
{
	g_autofree char *weak = NULL;
	size_t length, id_length = strlen(key->fingerprint);
	const unsigned char *packets = g_bytes_get_data(key->content, &length);
	unsigned char id[8] = {0};

	for (size_t i = 0; i < 8 && id_length >= 16; i++) {
		const char *hex = key->fingerprint + id_length - 16 + 2 * i;

		id[i] = (unsigned char)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
	}
	weak = openpgp_weak_signatures(packets, length, id, well_signed);
	if (weak != NULL && key->problem == NULL)
		key->problem = g_steal_pointer(&weak);
}

static struct openpgp_key *
read_key(gpgme_ctx_t context, gpgme_key_t found, bool is_secret, struct fault *fault)
{
	struct openpgp_key *key = g_new0(struct openpgp_key, 1);
	g_autoptr(GPtrArray) well_signed = g_ptr_array_new_with_free_func(g_free);
	gpgme_error_t error;

	key->addresses = g_ptr_array_new_with_free_func(g_free);
	key->fingerprint = g_strdup(found->fpr);
	key->content = export(context, found, 0, &error);
	if (key->content == NULL) {
		gpg_fault(fault, error, "exporting the public key");
		openpgp_key_free(key);
		return NULL;
	}
	look_at_subkeys(found, key);
	look_at_signatures(key, well_signed);
	look_at_user_ids(found, well_signed, key);
	if (!is_secret)
		return key;
	key->secret = export(context, found, GPGME_EXPORT_MODE_SECRET, &error);
	if (key->secret == NULL) {
		fault_set(fault, FAULT_INPUT,
			  "reading the secret key %s: it has a passphrase, which nobody could type for "
			  "the milter; remove it first (gpg --edit-key, passwd): the key store wraps the "
			  "key under the master key",
			  found->fpr);
		openpgp_key_free(key);
		return NULL;
	}
	return key;
}

/* --- all keys --- */

static bool
import(gpgme_ctx_t context, const void *bytes, size_t length, struct fault *fault)
{
	g_auto(gpgme_data_t) data = NULL;
	gpgme_error_t error = gpgme_data_new_from_mem(&data, bytes, length, 0);
	gpgme_import_result_t result;

	if (error == 0)
		error = gpgme_op_import(context, data);
	if (error != 0)
		return gpg_fault(fault, error, "reading OpenPGP keys");
	result = gpgme_op_import_result(context);
	if (result->considered == 0 || result->imported + result->secret_imported == 0)
		return fault_set(fault, FAULT_INPUT, "reading OpenPGP keys: gpg accepts none of them");
	return true;
}

/* Fingerprints of the keys with a secret half. */
static GHashTable *
secret_fingerprints(gpgme_ctx_t context)
{
	GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	gpgme_key_t key;

	if (gpgme_op_keylist_start(context, NULL, 1) != 0)
		return set;
	while (gpgme_op_keylist_next(context, &key) == 0) {
		g_hash_table_add(set, g_strdup(key->fpr));
		gpgme_key_unref(key);
	}
	gpgme_op_keylist_end(context);
	return set;
}

static GPtrArray *
list(gpgme_ctx_t context)
{
	GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)gpgme_key_unref);
	gpgme_key_t key;

	if (gpgme_op_keylist_start(context, NULL, 0) != 0)
		return found;
	while (gpgme_op_keylist_next(context, &key) == 0)
		g_ptr_array_add(found, key);
	gpgme_op_keylist_end(context);
	return found;
}

GPtrArray *
openpgp_read(const void *bytes, size_t length, const char *gpg_program, struct fault *fault)
{
	g_autoptr(home_auto) home = g_dir_make_tmp("postseal-gpg.XXXXXX", NULL);
	g_auto(gpgme_ctx_t) context = NULL;
	g_autoptr(GHashTable) secrets = NULL;
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(GPtrArray) keys = NULL;

	if (home == NULL) {
		fault_set(fault, FAULT_STORAGE, "making a temporary home for gpg in %s failed",
			  g_get_tmp_dir());
		return NULL;
	}
	context = context_new(home, gpg_program, fault);
	if (context == NULL || !import(context, bytes, length, fault))
		return NULL;
	secrets = secret_fingerprints(context);
	found = list(context);
	keys = g_ptr_array_new_with_free_func((GDestroyNotify)openpgp_key_free);
	for (guint i = 0; i < found->len; i++) {
		gpgme_key_t key = g_ptr_array_index(found, i);
		struct openpgp_key *read =
			read_key(context, key, g_hash_table_contains(secrets, key->fpr), fault);

		if (read == NULL)
			return NULL;
		g_ptr_array_add(keys, read);
	}
	return g_steal_pointer(&keys);
}
