#include "keystore/upload.h"

#include <string.h>

#include "core/catalogue.h"
#include "core/identifier.h"
#include "keystore/reading.h"
#include "keystore/trust.h"

static const struct statement upload_put = {
	"account_key_upload",
	"select postseal.account_key_upload($1, $2, $3, $4, $5, $6, to_timestamp($7), to_timestamp($8),"
	" $9::text[])"};

static const struct statement upload_end = {"key_upload_withdraw",
					    "select postseal.key_upload_withdraw($1, $2, $3)"};

/* --- reading --- */

static bool
names(const struct key_facts *key, const char *address)
{
	return g_ptr_array_find_with_equal_func(key->addresses, address, g_str_equal, NULL);
}

/* A sentence for its owner, or NULL where mail can be encrypted to it now. */
static const char *
complaint(const struct key_facts *key, const char *address)
{
	time_t now = time(NULL);

	if (key->secret != NULL)
		return N_("This file contains a private key. Keep it to yourself, and upload only "
			  "the public key.");
	if (key->is_authority)
		return N_("This is the certificate of a certificate authority, not yours.");
	if (!names(key, address))
		return key->kind == KEY_PGP ? N_("This key does not contain your email address.")
					    : N_("This certificate does not contain your email "
						 "address.");
	if (key->cannot_encrypt != NULL)
		return N_("This key or certificate cannot be used for encryption.");
	if (key->not_after != 0 && key->not_after <= now)
		return N_("This key or certificate has expired.");
	return key->not_before > now ? N_("This key or certificate is not valid yet.") : NULL;
}

/* The one that is meant: bundles and signed mails bring their authorities along, and people keep a
 * certificate for signatures beside the one for encryption. */
static guint
choose(const GPtrArray *keys, const char *address)
{
	for (guint i = 0; i < keys->len; i++)
		if (complaint(g_ptr_array_index(keys, i), address) == NULL)
			return i;
	for (guint i = 0; i < keys->len; i++)
		if (!((const struct key_facts *)g_ptr_array_index(keys, i))->is_authority)
			return i;
	return 0;
}

struct key_facts *
upload_read(const void *bytes, size_t length, const char *address, const char *gpg_program,
	    struct fault *fault)
{
	const struct reading_settings settings = {.gpg_program = gpg_program, .is_foreign = true};
	struct reading reading = {0};
	struct key_facts *key = NULL;
	const char *why = NULL;

	if (memmem(bytes, length, "PRIVATE KEY", 11) != NULL)
		why = N_("This file contains a private key. Keep it to yourself, and upload only "
			 "the public key.");
	else if (!reading_take(&reading, &settings, "the file", bytes, length, fault))
		why = N_("This file contains neither a certificate nor an OpenPGP public key.");
	if (why == NULL) {
		key = g_ptr_array_steal_index(reading.keys, choose(reading.keys, address));
		why = complaint(key, address);
	}
	reading_clear(&reading);
	if (why == NULL)
		return key;
	fault_set(fault, FAULT_INPUT, "%s", why);
	g_clear_pointer(&key, key_facts_free);
	return NULL;
}

/* --- storing --- */

bool
upload_store(struct connection *connection, const struct key_facts *key, const char *address,
	     bool *stored_r, struct fault *fault)
{
	static const char *const capabilities[] = {"{}", "{gcm}", "{oaep}", "{gcm,oaep}"};
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	struct identifier id;

	identifier_make(&id);
	parameters_text(&parameters, id.text);
	parameters_text(&parameters, key_kind_name(key->kind));
	parameters_text(&parameters, address);
	parameters_text(&parameters, key->fingerprint);
	parameters_bytes(&parameters, g_bytes_get_data(key->content, NULL),
			 g_bytes_get_size(key->content));
	parameters_text(&parameters, key->owner);
	parameters_time(&parameters, key->not_before);
	parameters_time(&parameters, key->not_after);
	parameters_text(&parameters, capabilities[(key->gcm ? 1 : 0) + (key->oaep ? 2 : 0)]);
	if (!connection_execute(connection, &upload_put, &parameters, &result, fault))
		return false;
	*stored_r = result_flag(result, 0, 0);
	return true;
}

bool
upload_attest(struct connection *connection, const struct key_facts *key, const char *address,
	      struct fault *fault)
{
	const struct attestation attestation = {.kind = key_kind_name(key->kind),
						.subject = key->fingerprint,
						.address = address,
						.author = address,
						.how = "signed in"};

	return trust_attest(connection, &attestation, fault);
}

bool
upload_withdraw(struct connection *connection, const char *kind, const char *fingerprint,
		const char *address, struct fault *fault)
{
	const struct attestation attestation = {
		.kind = kind, .subject = fingerprint, .address = address, .author = address};
	struct parameters parameters = {0};

	parameters_text(&parameters, kind);
	parameters_text(&parameters, fingerprint);
	parameters_text(&parameters, address);
	return trust_revoke(connection, &attestation, "withdrawn by its owner", fault) &&
	       batch_add(connection, &upload_end, &parameters, fault);
}
