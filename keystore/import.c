#include "keystore/import.h"

#include <string.h>

#include "core/identifier.h"
#include "core/seal/marked.h"
#include "keystore/reading.h"
#include "keystore/statements.h"

static void
imported_free(struct imported *imported)
{
	g_free(imported->fingerprint);
	g_free(imported->owner);
	g_free(imported->role);
	g_free(imported->addresses);
	g_free(imported->domain);
	g_free(imported->address);
	g_free(imported->cannot_encrypt);
	g_free(imported->cannot_sign);
	g_free(imported->skipped);
	g_free(imported);
}

/* --- what the organisation thinks of it --- */

static const char *
role_of(const struct import_settings *settings, const struct key_facts *facts)
{
	if (facts->is_authority)
		return settings->root ? "root" : "intermediate";
	return facts->secret != NULL ? "own" : "recipient";
}

/* Than the addresses in the keys. */
static bool
is_for_others(const struct import_settings *settings)
{
	return settings->domain != NULL || settings->address != NULL;
}

static const char *
why_skipped(const struct import_settings *settings, const struct key_facts *facts)
{
	if (facts->is_authority && !facts->allows_mail)
		return "its extended key usage does not include mail (RFC 8550 §4.4.4)";
	if (facts->is_authority && !settings->root && facts->is_self_issued)
		return "a self-signed authority is trusted only with --root";
	if (facts->is_authority)
		return NULL;
	if (settings->root && facts->kind == KEY_SMIME)
		return "it is not a certificate authority (RFC 5280 §4.2.1.9)";
	if (is_for_others(settings) && facts->secret != NULL)
		return "a private key is its owner's alone, so it is imported for nobody else";
	if (facts->addresses->len > 0 || is_for_others(settings))
		return NULL;
	if (facts->kind == KEY_SMIME)
		return "it contains no email address (RFC 8550 §3)";
	return facts->cannot_encrypt == NULL ? "no user ID contains an email address (RFC 9580 "
					       "§5.11)"
					     : NULL;
}

static char *
joined(const GPtrArray *texts)
{
	GString *all = g_string_new(NULL);

	for (guint i = 0; i < texts->len; i++)
		g_string_append_printf(all, "%s%s", i > 0 ? " " : "",
				       (const char *)g_ptr_array_index(texts, i));
	return g_string_free(all, FALSE);
}

static struct imported *
report(const struct import_settings *settings, const struct key_facts *facts)
{
	struct imported *imported = g_new0(struct imported, 1);

	imported->kind = facts->kind;
	imported->fingerprint = g_strdup(facts->fingerprint);
	imported->owner = g_strdup(facts->owner);
	imported->role = g_strdup(role_of(settings, facts));
	imported->addresses = joined(facts->addresses);
	if (!facts->is_authority) {
		imported->domain = g_strdup(settings->domain);
		imported->address = g_strdup(settings->address);
		imported->cannot_encrypt = g_strdup(facts->cannot_encrypt);
		imported->cannot_sign = g_strdup(facts->cannot_sign);
	}
	imported->skipped = g_strdup(why_skipped(settings, facts));
	return imported;
}

static struct imported *
report_broken(const char *why)
{
	struct imported *imported = g_new0(struct imported, 1);

	imported->skipped = g_strdup(why);
	return imported;
}

/* An employee's key is already here with its private part, or had it until they left. */
static bool
refuse_others_key(struct connection *connection, const struct import_settings *settings,
		  struct imported *imported, struct fault *fault)
{
	static const char *const employees[] = {"own", "retired", NULL};
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	if (!is_for_others(settings) || imported->skipped != NULL)
		return true;
	parameters_text(&parameters, key_kind_name(imported->kind));
	parameters_text(&parameters, imported->fingerprint);
	if (!connection_execute(connection, &key_role, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 1 && g_strv_contains(employees, PQgetvalue(result, 0, 0))) {
		g_free(imported->role);
		imported->role = g_strdup(PQgetvalue(result, 0, 0));
		imported->skipped = g_strdup(
			"it is an employee's, and a private key is its owner's alone, so it is imported for nobody else");
	}
	return true;
}

static bool
report_all(struct connection *connection, const struct import_settings *settings,
	   const struct reading *reading, GPtrArray *reports, struct fault *fault)
{
	for (guint i = 0; i < reading->keys->len; i++) {
		struct imported *imported = report(settings, g_ptr_array_index(reading->keys, i));

		g_ptr_array_add(reports, imported);
		if (!refuse_others_key(connection, settings, imported, fault))
			return false;
	}
	for (guint i = 0; i < reading->broken->len; i++)
		g_ptr_array_add(reports, report_broken(g_ptr_array_index(reading->broken, i)));
	return true;
}

/* --- storing --- */

/* The statement's first parameters say which key. */
static void
name_key(struct parameters *parameters, const struct key_facts *facts)
{
	parameters_text(parameters, key_kind_name(facts->kind));
	parameters_text(parameters, facts->fingerprint);
}

static bool
put_private(struct connection *connection, const struct import_settings *settings,
	    const struct key_facts *facts, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autofree unsigned char *sealed = NULL;
	const void *plain;
	size_t length;
	gsize plain_length;

	if (facts->secret == NULL)
		return true;
	if (settings->master == NULL)
		return fault_set(fault, FAULT_CONFIG,
				 "storing the private key %s: the master key is needed to wrap it",
				 facts->fingerprint);
	plain = g_bytes_get_data(facts->secret, &plain_length);
	sealed = seal_marked_bytes(plain, plain_length, settings->master, facts->fingerprint,
				   &length);
	name_key(&parameters, facts);
	parameters_bytes(&parameters, sealed, length);
	return batch_add(connection, &key_put_private, &parameters, fault);
}

static bool
put_addresses(struct connection *connection, const struct key_facts *facts, struct fault *fault)
{
	struct parameters parameters = {0};

	name_key(&parameters, facts);
	if (!batch_add(connection, &key_forget_addresses, &parameters, fault))
		return false;
	for (guint i = 0; i < facts->addresses->len; i++) {
		struct parameters address = {0};

		name_key(&address, facts);
		parameters_text(&address, g_ptr_array_index(facts->addresses, i));
		if (!batch_add(connection, &key_put_address, &address, fault))
			return false;
	}
	return true;
}

static bool
put_domain(struct connection *connection, const struct key_facts *facts,
	   const struct imported *imported, struct fault *fault)
{
	struct parameters parameters = {0};

	if (imported->domain == NULL)
		return true;
	name_key(&parameters, facts);
	parameters_text(&parameters, imported->domain);
	return batch_add(connection, &key_put_domain, &parameters, fault);
}

/* The admin's word, which can be revoked like any other statement (keystore/trust.h). */
static bool
put_word(struct connection *connection, const struct import_settings *settings,
	 const struct key_facts *facts, const struct imported *imported, struct fault *fault)
{
	const struct attestation attestation = {.kind = key_kind_name(facts->kind),
						.subject = facts->fingerprint,
						.address = imported->address,
						.author = settings->imported_by,
						.how = "administrator",
						.evidence = "imported for this address"};
	struct parameters parameters = {0};

	if (imported->address == NULL)
		return true;
	name_key(&parameters, facts);
	parameters_text(&parameters, imported->address);
	return batch_add(connection, &key_put_word, &parameters, fault) &&
	       trust_attest(connection, &attestation, fault);
}

/* What the key announces, and what the admin says it can do. */
static const char *
capabilities(const struct import_settings *settings, const struct key_facts *facts)
{
	bool gcm = facts->gcm, oaep = facts->oaep;

	for (char *const *more = settings->capabilities; more != NULL && *more != NULL; more++) {
		gcm |= strcmp(*more, "gcm") == 0;
		oaep |= strcmp(*more, "oaep") == 0;
	}
	return key_facts_capabilities(gcm, oaep);
}

static bool
put(struct connection *connection, const struct import_settings *settings,
    const struct key_facts *facts, const struct imported *imported, struct fault *fault)
{
	struct parameters parameters = {0};
	struct identifier id;

	identifier_make(&id);
	parameters_text(&parameters, id.text);
	name_key(&parameters, facts);
	parameters_text(&parameters, imported->role);
	parameters_bytes(&parameters, g_bytes_get_data(facts->content, NULL),
			 g_bytes_get_size(facts->content));
	parameters_text(&parameters, facts->owner);
	parameters_time(&parameters, facts->not_before);
	parameters_time(&parameters, facts->not_after);
	parameters_time(&parameters, facts->signs_until);
	/* An OpenPGP key has no issuer, so the admin vouches for it. */
	parameters_flag(&parameters, settings->pin || facts->kind == KEY_PGP);
	parameters_text(&parameters, capabilities(settings, facts));
	parameters_text(&parameters, imported->cannot_encrypt);
	parameters_text(&parameters, imported->cannot_sign);
	parameters_text(&parameters, settings->imported_by);
	parameters_text(&parameters, settings->trust);
	parameters_text(&parameters, settings->revocation);
	return batch_add(connection, &key_put, &parameters, fault) &&
	       put_addresses(connection, facts, fault) &&
	       put_domain(connection, facts, imported, fault) &&
	       put_word(connection, settings, facts, imported, fault) &&
	       put_private(connection, settings, facts, fault);
}

static bool
put_all(struct connection *connection, const struct import_settings *settings,
	const struct reading *reading, const GPtrArray *reports, struct fault *fault)
{
	if (!batch_begin(connection, fault))
		return false;
	for (guint i = 0; i < reading->keys->len; i++) {
		const struct key_facts *facts = g_ptr_array_index(reading->keys, i);
		const struct imported *imported = g_ptr_array_index(reports, i);

		if (imported->skipped == NULL && !put(connection, settings, facts, imported, fault))
			return false;
	}
	return batch_end_transaction(connection, fault) && batch_commit(connection, fault);
}

/* --- reading --- */

/* Locked until the end of the transaction, so that two imports of the same key merge one after the
 * other. */
static bool
find_known(void *context, const char *id, GPtrArray *contents, struct fault *fault)
{
	struct connection *connection = context;
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, id);
	if (!connection_execute(connection, &key_known, &parameters, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		size_t length;
		unsigned char *content = result_bytes(result, row, 0, &length);

		g_ptr_array_add(contents, g_bytes_new_take(content, length));
	}
	return true;
}

GPtrArray *
import_keys(struct connection *connection, const struct import_settings *settings, const char *name,
	    const void *bytes, size_t length, struct fault *fault)
{
	const struct openpgp_known known = {.find = find_known, .context = connection};
	const struct reading_settings how = {.gpg_program = settings->gpg_program,
					     .ask_password = settings->ask_password,
					     .context = settings->context,
					     .known = &known};
	GPtrArray *reports = g_ptr_array_new_with_free_func((GDestroyNotify)imported_free);
	struct reading reading = {0};
	bool done = transaction_begin(connection, fault) &&
		    reading_take(&reading, &how, name, bytes, length, fault) &&
		    report_all(connection, settings, &reading, reports, fault) &&
		    put_all(connection, settings, &reading, reports, fault);

	reading_clear(&reading);
	if (!done)
		g_clear_pointer(&reports, g_ptr_array_unref);
	return reports;
}
