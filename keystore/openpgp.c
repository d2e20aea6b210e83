#include "keystore/openpgp.h"

#include <gpgme.h>
#include <string.h>

#include "core/address.h"
#include "core/temporary.h"
#include "keystore/blocks.h"

enum { RSA_BITS_MIN = 2048 };

G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gpgme_ctx_t, gpgme_release, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gpgme_data_t, gpgme_data_release, NULL)

static bool
gpg_fault(struct fault *fault, gpgme_error_t error, const char *doing)
{
	return fault_set(fault, FAULT_CRYPTO, "%s: %s", doing, gpgme_strerror(error));
}

/* --- the private home --- */

static gpgme_ctx_t
context_new(const char *home, const char *gpg_program, struct fault *fault)
{
	g_auto(gpgme_ctx_t) context = NULL;
	gpgme_error_t error;

	gpgme_check_version(NULL);
	error = gpgme_new(&context);
	if (error == 0)
		error = gpgme_ctx_set_engine_info(context, GPGME_PROTOCOL_OpenPGP, gpg_program,
						  home);
	if (error != 0) {
		gpg_fault(fault, error, "starting gpg");
		return NULL;
	}
	gpgme_set_pinentry_mode(context, GPGME_PINENTRY_MODE_ERROR);
	return g_steal_pointer(&context);
}

/* --- one key --- */

static GBytes *export(gpgme_ctx_t context, gpgme_key_t key, gpgme_export_mode_t mode,
		      gpgme_error_t *error_r)
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

/* --- which subkey gpg uses, and until when --- */

static bool
is_for(const struct _gpgme_subkey *subkey, enum key_use use)
{
	return !subkey->revoked && !subkey->invalid && !subkey->disabled &&
	       (use == KEY_SIGNS ? subkey->can_sign : subkey->can_encrypt);
}

/* At a given time, gpg uses the newest subkey that is valid, and the primary key only if there is
 * none. */
static const struct _gpgme_subkey *
subkey_at(gpgme_key_t key, enum key_use use, time_t now)
{
	const struct _gpgme_subkey *best = NULL;

	for (gpgme_subkey_t s = key->subkeys; s != NULL; s = s->next) {
		if (!is_for(s, use) || (s->expires != 0 && (time_t)s->expires <= now))
			continue;
		if (best == NULL || best == key->subkeys || s->timestamp > best->timestamp)
			best = s;
	}
	return best;
}

/* When the last subkey for `use` expires; 0 if there is none. */
static time_t
last_end(gpgme_key_t key, enum key_use use)
{
	time_t last = 0;

	for (gpgme_subkey_t s = key->subkeys; s != NULL; s = s->next)
		if (is_for(s, use))
			last = MAX(last, (time_t)s->expires);
	return last;
}

/* Until when a strong subkey can be used for `use`, 0: no limit. *why_r says why if there is none.
 */
static time_t
subkeys_last(gpgme_key_t key, enum key_use use, char **why_r)
{
	time_t now = time(NULL), until = now;
	const struct _gpgme_subkey *taken;

	*why_r = NULL;
	while ((taken = subkey_at(key, use, until)) != NULL && !is_weak_subkey(taken)) {
		if (taken->expires == 0)
			return 0;
		until = (time_t)taken->expires;
	}
	if (until > now)
		return until;
	until = last_end(key, use);
	if (taken != NULL)
		*why_r = g_strdup(
			"RSA, DSA or ElGamal with less than 2048 bits is too weak (RFC 9580 §12.4)");
	else if (until == 0)
		*why_r = g_strdup_printf("it has no %s for %s (RFC 9580 §5.2.3.29)",
					 key->subkeys->next == NULL ? "subkey" : "usable subkey",
					 use == KEY_SIGNS ? "signatures" : "encryption");
	return until;
}

static char *
general_problem(gpgme_key_t key)
{
	if (key->revoked)
		return g_strdup(KEY_REVOKED " (RFC 9580 §5.2.1.11)");
	if (key->invalid || key->disabled)
		return g_strdup("gpg reports the key as invalid");
	if (is_weak_subkey(key->subkeys))
		return g_strdup(
			"RSA, DSA or ElGamal with less than 2048 bits is too weak (RFC 9580 §12.4)");
	return NULL;
}

static void
look_at_subkeys(gpgme_key_t key, struct key_facts *into)
{
	time_t end = (time_t)key->subkeys->expires;
	char *general = general_problem(key);

	into->not_before = (time_t)key->subkeys->timestamp;
	into->not_after = earlier(subkeys_last(key, KEY_ENCRYPTS, &into->cannot_encrypt), end);
	into->signs_until = earlier(subkeys_last(key, KEY_SIGNS, &into->cannot_sign), end);
	if (general == NULL)
		return;
	g_free(into->cannot_encrypt);
	g_free(into->cannot_sign);
	into->cannot_encrypt = general;
	into->cannot_sign = g_strdup(general);
}

/* --- user IDs --- */

static bool
is_well_signed(const GPtrArray *well_signed, const char *user_id)
{
	for (guint i = 0; i < well_signed->len; i++)
		if (strcmp(g_ptr_array_index(well_signed, i), user_id) == 0)
			return true;
	return false;
}

static void
look_at_user_ids(gpgme_key_t key, const GPtrArray *well_signed, struct key_facts *into)
{
	for (gpgme_user_id_t u = key->uids; u != NULL; u = u->next) {
		char *address;

		if (into->owner == NULL)
			into->owner = key_facts_text(u->uid, strlen(u->uid));
		/* When the key is revoked, gpg reports all its user IDs as revoked; the log should
		 * still say whose key it was. */
		if ((u->revoked && !key->revoked) || u->invalid ||
		    !is_well_signed(well_signed, u->uid))
			continue;
		address = openpgp_user_id_address(u->uid);
		if (address != NULL &&
		    !g_ptr_array_find_with_equal_func(into->addresses, address, g_str_equal, NULL))
			g_ptr_array_add(into->addresses, address);
		else
			g_free(address);
	}
	if (into->owner == NULL)
		into->owner = g_strdup("");
}

static void
look_at_signatures(struct key_facts *key, GPtrArray *well_signed)
{
	g_autofree char *weak = NULL;
	size_t length, id_length = strlen(key->fingerprint);
	const unsigned char *packets = g_bytes_get_data(key->content, &length);
	unsigned char id[8] = {0};

	for (size_t i = 0; i < 8 && id_length >= 16; i++) {
		const char *hex = key->fingerprint + id_length - 16 + 2 * i;

		id[i] = (unsigned char)(g_ascii_xdigit_value(hex[0]) << 4 |
					g_ascii_xdigit_value(hex[1]));
	}
	weak = openpgp_weak_signatures(packets, length, id, well_signed);
	if (weak != NULL && key->cannot_encrypt == NULL)
		key->cannot_encrypt = g_strdup(weak);
	if (weak != NULL && key->cannot_sign == NULL)
		key->cannot_sign = g_strdup(weak);
}

static struct key_facts *
read_key(gpgme_ctx_t context, gpgme_key_t found, bool is_secret, struct fault *fault)
{
	struct key_facts *key = g_new0(struct key_facts, 1);
	g_autoptr(GPtrArray) well_signed = g_ptr_array_new_with_free_func(g_free);
	gpgme_error_t error;

	key->kind = KEY_PGP;
	key->addresses = g_ptr_array_new_with_free_func(g_free);
	key->fingerprint = g_strdup(found->fpr);
	key->content = export(context, found, 0, &error);
	if (key->content == NULL) {
		gpg_fault(fault, error, "exporting the public key");
		key_facts_free(key);
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
			  "reading the secret key %s: it has a passphrase, which nobody could "
			  "enter for the milter; remove it first (gpg --edit-key, passwd): the "
			  "key store wraps the key under the master key",
			  found->fpr);
		key_facts_free(key);
		return NULL;
	}
	return key;
}

/* --- importing into the home --- */

/* Why gpg imports nothing from it, or NULL. */
static const char *
import(gpgme_ctx_t context, GBytes *bytes)
{
	g_auto(gpgme_data_t) data = NULL;
	gsize length;
	const char *at = g_bytes_get_data(bytes, &length);
	gpgme_error_t error = gpgme_data_new_from_mem(&data, at, length, 0);
	gpgme_import_result_t result;

	if (error == 0)
		error = gpgme_op_import(context, data);
	if (error != 0)
		return gpgme_err_code(error) == GPG_ERR_NO_DATA
			       ? "it contains no OpenPGP key (RFC 9580 §10.1)"
			       : gpgme_strerror(error);
	result = gpgme_op_import_result(context);
	if (result->no_user_id > 0)
		return "gpg finds no user ID that the key itself signed (RFC 9580 §10.1.2)";
	if (result->considered == 0 && result->new_revocations == 0)
		return "it contains no OpenPGP key (RFC 9580 §10.1)";
	return NULL;
}

/* False if gpg could not be asked. */
static bool
import_known(gpgme_ctx_t context, const struct openpgp_known *known, const char *id, bool *found_r,
	     struct fault *fault)
{
	g_autoptr(GPtrArray) contents =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

	*found_r = false;
	if (known == NULL)
		return true;
	if (!known->find(known->context, id, contents, fault))
		return false;
	for (guint i = 0; i < contents->len; i++)
		*found_r |= import(context, g_ptr_array_index(contents, i)) == NULL;
	return true;
}

static bool
import_block(gpgme_ctx_t context, const struct openpgp_known *known, const struct block *block,
	     GPtrArray *broken, struct fault *fault)
{
	g_autoptr(GBytes) packets = openpgp_unarmoured(block->bytes);
	g_autofree char *revoked = openpgp_revoked(packets);
	const char *why = NULL;
	bool found = true;

	if (!block->is_whole)
		why = "its END line is missing (RFC 9580 §6.2)";
	else if (openpgp_is_laborious(packets))
		why = "its numbers are so large that checking one signature takes seconds";
	else if (revoked != NULL && !import_known(context, known, revoked, &found, fault))
		return false;
	if (!found)
		g_ptr_array_add(
			broken,
			g_strdup_printf("%s: it revokes the key %s, which is not in the key store",
					block->label, revoked));
	else if (why != NULL || (why = import(context, block->bytes)) != NULL)
		g_ptr_array_add(broken, g_strdup_printf("%s: %s", block->label, why));
	return true;
}

/* --- all keys --- */

/* The keys in the home; only those with a secret half if `secret`. */
static GPtrArray *
list(gpgme_ctx_t context, bool secret)
{
	GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)gpgme_key_unref);
	gpgme_key_t key;

	if (gpgme_op_keylist_start(context, NULL, secret) != 0)
		return found;
	while (gpgme_op_keylist_next(context, &key) == 0)
		g_ptr_array_add(found, key);
	gpgme_op_keylist_end(context);
	return found;
}

static bool
merge_known(gpgme_ctx_t context, const struct openpgp_known *known, struct fault *fault)
{
	g_autoptr(GPtrArray) found = list(context, false);
	bool is_known;

	for (guint i = 0; i < found->len; i++)
		if (!import_known(context, known, ((gpgme_key_t)g_ptr_array_index(found, i))->fpr,
				  &is_known, fault))
			return false;
	return true;
}

static bool
has_secret(const GPtrArray *secrets, const char *fingerprint)
{
	for (guint i = 0; i < secrets->len; i++)
		if (strcmp(((gpgme_key_t)g_ptr_array_index(secrets, i))->fpr, fingerprint) == 0)
			return true;
	return false;
}

static bool
read_keys(gpgme_ctx_t context, GPtrArray *keys, struct fault *fault)
{
	g_autoptr(GPtrArray) found = list(context, false);
	g_autoptr(GPtrArray) secrets = list(context, true);

	for (guint i = 0; i < found->len; i++) {
		gpgme_key_t key = g_ptr_array_index(found, i);
		struct key_facts *facts =
			read_key(context, key, has_secret(secrets, key->fpr), fault);

		if (facts == NULL)
			return false;
		g_ptr_array_add(keys, facts);
	}
	return true;
}

bool
openpgp_read(const GPtrArray *blocks, const struct openpgp_known *known, const char *gpg_program,
	     GPtrArray *keys, GPtrArray *broken, struct fault *fault)
{
	g_autoptr(temporary_folder_auto) home = temporary_folder_new("gpg", fault);
	g_auto(gpgme_ctx_t) context = NULL;

	/* The agent exits by itself once its home is gone. */
	if (home == NULL)
		return false;
	context = context_new(home, gpg_program, fault);
	if (context == NULL)
		return false;
	for (guint i = 0; i < blocks->len; i++)
		if (!import_block(context, known, g_ptr_array_index(blocks, i), broken, fault))
			return false;
	return merge_known(context, known, fault) && read_keys(context, keys, fault);
}
