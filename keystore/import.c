#include "keystore/import.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "core/identifier.h"
#include "keystore/certificate.h"
#include "keystore/openpgp.h"
#include "keystore/statements.h"

enum { PASSWORD_MAX = 1024 };

/* What a file holds, before any of it is stored. */
struct content {
	GPtrArray *certificates; /* X509 */
	GPtrArray *private_keys; /* EVP_PKEY */
	GPtrArray *openpgp;      /* struct openpgp_key */
};

struct source {
	const struct import_settings *settings;
	const char *name;
	const unsigned char *bytes;
	size_t length;
	bool asked_in_vain;
};

static void
imported_free(struct imported *imported)
{
	g_free(imported->fingerprint);
	g_free(imported->owner);
	g_free(imported->role);
	g_free(imported->addresses);
	g_free(imported->problem);
	g_free(imported->skipped);
	g_free(imported);
}

/* --- reading the formats --- */

static void
add_certificate(struct content *content, X509 *certificate)
{
	if (certificate != NULL) {
		X509_up_ref(certificate);
		g_ptr_array_add(content->certificates, certificate);
	}
}

static bool
add_pkcs7(struct content *content, PKCS7 *bundle)
{
	STACK_OF(X509) *certificates = NULL;

	if (bundle == NULL)
		return false;
	if (PKCS7_type_is_signed(bundle))
		certificates = bundle->d.sign->cert;
	else if (PKCS7_type_is_signedAndEnveloped(bundle))
		certificates = bundle->d.signed_and_enveloped->cert;
	for (int i = 0; i < sk_X509_num(certificates); i++)
		add_certificate(content, sk_X509_value(certificates, i));
	PKCS7_free(bundle);
	return true;
}

static int
pem_password(char *buffer, int size, int writing, void *context)
{
	struct source *source = context;

	(void)writing;
	if (source->settings->ask_password != NULL &&
	    source->settings->ask_password(source->settings->context, source->name, buffer, (size_t)size))
		return (int)strlen(buffer);
	source->asked_in_vain = true;
	return -1;
}

static bool
read_pem(struct source *source, struct content *content, struct fault *fault)
{
	BIO *memory = BIO_new_mem_buf(source->bytes, (int)source->length);
	STACK_OF(X509_INFO) *found = PEM_X509_INFO_read_bio(memory, NULL, pem_password, source);

	BIO_free(memory);
	if (found == NULL)
		return fault_set(fault, FAULT_INPUT, "reading %s: %s", source->name,
				 source->asked_in_vain ? "no password was given"
						       : "the PEM text or its password is wrong");
	for (int i = 0; i < sk_X509_INFO_num(found); i++) {
		const X509_INFO *info = sk_X509_INFO_value(found, i);

		add_certificate(content, info->x509);
		if (info->x_pkey != NULL && info->x_pkey->dec_pkey != NULL) {
			EVP_PKEY_up_ref(info->x_pkey->dec_pkey);
			g_ptr_array_add(content->private_keys, info->x_pkey->dec_pkey);
		}
	}
	sk_X509_INFO_pop_free(found, X509_INFO_free);
	memory = BIO_new_mem_buf(source->bytes, (int)source->length);
	while (add_pkcs7(content, PEM_read_bio_PKCS7(memory, NULL, NULL, NULL)))
		;
	BIO_free(memory);
	return true;
}

static bool
open_pkcs12(struct source *source, PKCS12 *bundle, struct content *content, struct fault *fault)
{
	char password[PASSWORD_MAX] = "";
	EVP_PKEY *private_key = NULL;
	X509 *certificate = NULL;
	STACK_OF(X509) *others = NULL;
	int opened = PKCS12_parse(bundle, "", &private_key, &certificate, &others);

	if (opened != 1) {
		if (source->settings->ask_password == NULL ||
		    !source->settings->ask_password(source->settings->context, source->name, password,
						    sizeof password))
			return fault_set(fault, FAULT_INPUT, "reading %s: no password was given", source->name);
		opened = PKCS12_parse(bundle, password, &private_key, &certificate, &others);
		sodium_memzero(password, sizeof password);
	}
	if (opened != 1)
		return fault_set(fault, FAULT_INPUT, "reading %s: the password is wrong", source->name);
	add_certificate(content, certificate);
	for (int i = 0; i < sk_X509_num(others); i++)
		add_certificate(content, sk_X509_value(others, i));
	if (private_key != NULL)
		g_ptr_array_add(content->private_keys, private_key);
	X509_free(certificate);
	sk_X509_pop_free(others, X509_free);
	return true;
}

static bool
read_der(struct source *source, struct content *content, struct fault *fault)
{
	const unsigned char *at = source->bytes;
	X509 *certificate = d2i_X509(NULL, &at, (long)source->length);
	PKCS12 *bundle;
	bool opened;

	if (certificate != NULL) {
		g_ptr_array_add(content->certificates, certificate);
		return true;
	}
	at = source->bytes;
	if (add_pkcs7(content, d2i_PKCS7(NULL, &at, (long)source->length)))
		return true;
	at = source->bytes;
	bundle = d2i_PKCS12(NULL, &at, (long)source->length);
	if (bundle == NULL)
		return fault_set(fault, FAULT_INPUT,
				 "reading %s: it is neither a certificate, PKCS#7, PKCS#12 nor an OpenPGP key",
				 source->name);
	opened = open_pkcs12(source, bundle, content, fault);
	PKCS12_free(bundle);
	return opened;
}

static bool
read_source(struct source *source, struct content *content, struct fault *fault)
{
	bool is_text = memmem(source->bytes, source->length, "-----BEGIN ", 11) != NULL;
	bool is_armored = memmem(source->bytes, source->length, "-----BEGIN PGP ", 15) != NULL;

	if (is_armored || (!is_text && source->length > 0 && (source->bytes[0] & 0x80) != 0)) {
		content->openpgp = openpgp_read(source->bytes, source->length,
						source->settings->gpg_program, fault);
		return content->openpgp != NULL || fault_within(fault, "reading %s", source->name);
	}
	return is_text ? read_pem(source, content, fault) : read_der(source, content, fault);
}

/* --- storing --- */

static char *
joined(const GPtrArray *texts, const char *between)
{
	GString *all = g_string_new(NULL);

	for (guint i = 0; i < texts->len; i++)
		g_string_append_printf(all, "%s%s", i > 0 ? between : "",
				       (const char *)g_ptr_array_index(texts, i));
	return g_string_free(all, FALSE);
}

static char *
array_text(bool gcm, bool oaep, char *const *more)
{
	for (; more != NULL && *more != NULL; more++) {
		gcm |= strcmp(*more, "gcm") == 0;
		oaep |= strcmp(*more, "oaep") == 0;
	}
	return g_strdup_printf("{%s%s%s}", gcm ? "gcm" : "", gcm && oaep ? "," : "", oaep ? "oaep" : "");
}

/* A row of the key table. */
struct row {
	enum key_kind kind;
	const char *fingerprint, *role, *owner, *problem;
	const void *content;
	size_t content_length;
	time_t not_before, not_after;
	bool pinned;
	const char *capabilities;
	const GPtrArray *addresses;
	const void *private_key; /* plain; NULL: none */
	size_t private_length;
};

static bool
put_private(struct connection *connection, const struct import_settings *settings, const char *id,
	    const struct row *row, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autofree unsigned char *sealed = NULL;
	size_t length;

	if (row->private_key == NULL)
		return true;
	if (settings->master == NULL)
		return fault_set(fault, FAULT_CONFIG,
				 "storing the private key %s: the master key is needed to wrap it",
				 row->fingerprint);
	sealed = seal_bytes(row->private_key, row->private_length, settings->master, row->fingerprint,
			    &length);
	parameters_text(&parameters, id);
	parameters_bytes(&parameters, sealed, length);
	return connection_execute(connection, &key_put_private, &parameters, NULL, fault);
}

static bool
put_addresses(struct connection *connection, const char *id, const struct row *row,
	      struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, id);
	if (!connection_execute(connection, &key_forget_addresses, &parameters, NULL, fault))
		return false;
	for (guint i = 0; i < row->addresses->len; i++) {
		struct parameters pair = {0};

		parameters_text(&pair, id);
		parameters_text(&pair, g_ptr_array_index(row->addresses, i));
		if (!connection_execute(connection, &key_put_address, &pair, NULL, fault))
			return false;
	}
	return true;
}

static bool
put(struct connection *connection, const struct import_settings *settings, const struct row *row,
    struct fault *fault)
{
	struct parameters parameters = {0};
	struct identifier id;
	g_autoptr(PGresult) result = NULL;

	identifier_make(&id);
	parameters_text(&parameters, id.text);
	parameters_text(&parameters, key_kind_name(row->kind));
	parameters_text(&parameters, row->fingerprint);
	parameters_text(&parameters, row->role);
	parameters_bytes(&parameters, row->content, row->content_length);
	parameters_text(&parameters, row->owner);
	parameters_time(&parameters, row->not_before);
	parameters_time(&parameters, row->not_after);
	parameters_flag(&parameters, row->pinned);
	parameters_text(&parameters, row->capabilities);
	parameters_text(&parameters, row->problem);
	parameters_text(&parameters, settings->imported_by);
	return connection_execute(connection, &key_put, &parameters, &result, fault) &&
	       put_addresses(connection, PQgetvalue(result, 0, 0), row, fault) &&
	       put_private(connection, settings, PQgetvalue(result, 0, 0), row, fault);
}

static struct imported *
report(const struct row *row)
{
	struct imported *imported = g_new0(struct imported, 1);

	imported->kind = row->kind;
	imported->fingerprint = g_strdup(row->fingerprint);
	imported->owner = g_strdup(row->owner);
	imported->role = g_strdup(row->role);
	imported->addresses = joined(row->addresses, " ");
	imported->problem = g_strdup(row->problem);
	return imported;
}

static EVP_PKEY *
matching_private_key(const struct content *content, X509 *certificate)
{
	for (guint i = 0; i < content->private_keys->len; i++)
		if (X509_check_private_key(certificate, g_ptr_array_index(content->private_keys, i)) == 1)
			return g_ptr_array_index(content->private_keys, i);
	return NULL;
}

static const char *
certificate_role(const struct import_settings *settings, X509 *certificate, const EVP_PKEY *private_key)
{
	if (X509_check_ca(certificate) == 1)
		return settings->root ? "root" : "intermediate";
	return private_key != NULL ? "own" : "recipient";
}

static const char *
why_skipped(const struct import_settings *settings, X509 *certificate, const char *role,
	    const GPtrArray *addresses)
{
	if (strcmp(role, "intermediate") == 0 && X509_check_issued(certificate, certificate) == X509_V_OK)
		return "a self-signed authority is trusted only with --root";
	if (settings->root && strcmp(role, "root") != 0)
		return "it is not a certificate authority";
	if (addresses->len == 0 && strcmp(role, "root") != 0 && strcmp(role, "intermediate") != 0)
		return "it names no mail address";
	return NULL;
}

static bool
put_certificate(struct connection *connection, const struct import_settings *settings,
		const struct content *content, X509 *certificate, GPtrArray *reports,
		struct fault *fault)
{
	g_autoptr(GPtrArray) addresses = certificate_addresses(certificate);
	g_autofree char *fingerprint = certificate_fingerprint(certificate);
	g_autofree char *owner = certificate_owner(certificate);
	g_autofree char *problem = NULL, *capabilities = NULL;
	EVP_PKEY *private_key = matching_private_key(content, certificate);
	const char *role = certificate_role(settings, certificate, private_key);
	const char *skipped = why_skipped(settings, certificate, role, addresses);
	unsigned char *der = NULL, *secret = NULL;
	struct row row = {.kind = KEY_SMIME, .fingerprint = fingerprint, .role = role, .owner = owner,
			  .addresses = addresses, .pinned = settings->pin};
	bool gcm, oaep, done = true;

	if (X509_check_ca(certificate) != 1)
		row.problem = problem = certificate_problem(certificate);
	certificate_capabilities(certificate, &gcm, &oaep);
	row.capabilities = capabilities = array_text(gcm, oaep, settings->capabilities);
	row.not_before = certificate_time(X509_get0_notBefore(certificate));
	row.not_after = certificate_time(X509_get0_notAfter(certificate));
	row.content_length = (size_t)i2d_X509(certificate, &der);
	row.content = der;
	if (private_key != NULL) {
		row.private_length = (size_t)i2d_PrivateKey(private_key, &secret);
		row.private_key = secret;
	}
	g_ptr_array_add(reports, report(&row));
	if (skipped != NULL)
		((struct imported *)g_ptr_array_index(reports, reports->len - 1))->skipped = g_strdup(skipped);
	else
		done = put(connection, settings, &row, fault);
	OPENSSL_free(der);
	OPENSSL_clear_free(secret, row.private_length);
	return done;
}

static bool
put_openpgp(struct connection *connection, const struct import_settings *settings,
	    const struct openpgp_key *key, GPtrArray *reports, struct fault *fault)
{
	struct row row = {
		.kind = KEY_PGP, .fingerprint = key->fingerprint, .owner = key->owner,
		.role = key->secret != NULL ? "own" : "recipient", .problem = key->problem,
		.not_before = key->not_before, .not_after = key->not_after,
		.pinned = true, /* an OpenPGP key has no issuer: the admin vouches for it */
		.capabilities = "{}", .addresses = key->addresses};
	struct imported *imported;

	row.content = g_bytes_get_data(key->content, &row.content_length);
	if (key->secret != NULL)
		row.private_key = g_bytes_get_data(key->secret, &row.private_length);
	imported = report(&row);
	g_ptr_array_add(reports, imported);
	if (key->addresses->len == 0 && key->problem == NULL) {
		imported->skipped = g_strdup("no user ID names a mail address");
		return true;
	}
	return put(connection, settings, &row, fault);
}

static bool
put_all(struct connection *connection, const struct import_settings *settings,
	const struct content *content, GPtrArray *reports, struct fault *fault)
{
	if (!connection_execute(connection, &transaction_begin, NULL, NULL, fault))
		return false;
	for (guint i = 0; i < content->certificates->len; i++)
		if (!put_certificate(connection, settings, content,
				     g_ptr_array_index(content->certificates, i), reports, fault))
			return false;
	for (guint i = 0; content->openpgp != NULL && i < content->openpgp->len; i++)
		if (!put_openpgp(connection, settings, g_ptr_array_index(content->openpgp, i), reports,
				 fault))
			return false;
	return connection_execute(connection, &transaction_commit, NULL, NULL, fault);
}

GPtrArray *
import_keys(struct connection *connection, const struct import_settings *settings,
	    const char *name, const void *bytes, size_t length, struct fault *fault)
{
	struct source source = {.settings = settings, .name = name, .bytes = bytes, .length = length};
	struct content content = {
		.certificates = g_ptr_array_new_with_free_func((GDestroyNotify)X509_free),
		.private_keys = g_ptr_array_new_with_free_func((GDestroyNotify)EVP_PKEY_free)};
	GPtrArray *reports = g_ptr_array_new_with_free_func((GDestroyNotify)imported_free);
	bool done = read_source(&source, &content, fault) &&
		    put_all(connection, settings, &content, reports, fault);

	g_ptr_array_unref(content.certificates);
	g_ptr_array_unref(content.private_keys);
	g_clear_pointer(&content.openpgp, g_ptr_array_unref);
	if (done && reports->len == 0)
		done = fault_set(fault, FAULT_INPUT, "reading %s: it holds no certificate and no key", name);
	if (!done)
		g_clear_pointer(&reports, g_ptr_array_unref);
	return reports;
}
