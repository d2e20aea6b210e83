#include "keystore/upload.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "core/catalogue.h"
#include "core/identifier.h"
#include "keystore/trust.h"
#include "keystore/certificate.h"
#include "keystore/openpgp.h"

static const struct statement give = {"key_give",
				      "select postseal.key_give($1, $2, $3, $4, $5, "
				      "to_timestamp($6), to_timestamp($7), $8::text[], $9)"};

static const struct statement take_back = {"key_take_back",
					   "select postseal.key_take_back($1, $2)"};

void
uploaded_key_clear(struct uploaded_key *given)
{
	g_clear_pointer(&given->fingerprint, g_free);
	g_clear_pointer(&given->owner, g_free);
	g_clear_pointer(&given->content, g_bytes_unref);
}

/* --- reading --- */

static X509 *
read_certificate(const void *bytes, size_t length)
{
	BIO *memory = BIO_new_mem_buf(bytes, (int)length);
	X509 *certificate = PEM_read_bio_X509(memory, NULL, NULL, NULL);
	const unsigned char *at = bytes;

	BIO_free(memory);
	return certificate != NULL ? certificate : d2i_X509(NULL, &at, (long)length);
}

static bool
names(const GPtrArray *addresses, const char *address)
{
	return g_ptr_array_find_with_equal_func((GPtrArray *)addresses, address, g_str_equal, NULL);
}

static bool
check_time(const struct uploaded_key *given, struct fault *fault)
{
	time_t now = time(NULL);

	if (given->not_after != 0 && given->not_after <= now)
		return fault_set(fault, FAULT_INPUT, N_("This key or certificate has expired."));
	return given->not_before <= now ||
	       fault_set(fault, FAULT_INPUT, N_("This key or certificate is not valid yet."));
}

static bool
take_certificate(X509 *certificate, const char *address, struct uploaded_key *given_r, struct fault *fault)
{
	static const char *const capabilities[] = {"{}", "{gcm}", "{oaep}", "{gcm,oaep}"};
	g_autoptr(GPtrArray) addresses = certificate_addresses(certificate);
	g_autofree char *problem = certificate_problem(certificate);
	unsigned char *der = NULL;
	bool gcm, oaep;
	int length;

	if (X509_check_ca(certificate) == 1)
		return fault_set(fault, FAULT_INPUT,
				 N_("This is the certificate of an authority, not yours."));
	if (!names(addresses, address))
		return fault_set(fault, FAULT_INPUT,
				 N_("This certificate does not name your address."));
	if (problem != NULL)
		return fault_set(fault, FAULT_INPUT,
				 N_("Mail cannot be encrypted to this key or certificate."));
	certificate_capabilities(certificate, &gcm, &oaep);
	given_r->kind = KEY_SMIME;
	given_r->fingerprint = certificate_fingerprint(certificate);
	given_r->owner = certificate_owner(certificate);
	given_r->capabilities = capabilities[(gcm ? 1 : 0) + (oaep ? 2 : 0)];
	given_r->not_before = certificate_time(X509_get0_notBefore(certificate));
	given_r->not_after = certificate_time(X509_get0_notAfter(certificate));
	length = i2d_X509(certificate, &der);
	given_r->content = g_bytes_new(der, (gsize)MAX(length, 0));
	OPENSSL_free(der);
	return check_time(given_r, fault);
}

static bool
take_openpgp(const void *bytes, size_t length, const char *address, const char *gpg_program,
	     struct uploaded_key *given_r, struct fault *fault)
{
	g_autoptr(GPtrArray) keys = openpgp_read(bytes, length, gpg_program, fault);
	const struct openpgp_key *key;

	if (keys == NULL || keys->len != 1)
		return fault_set(fault, FAULT_INPUT,
				 N_("This file does not hold one OpenPGP public key."));
	key = g_ptr_array_index(keys, 0);
	if (key->secret != NULL)
		return fault_set(
			fault, FAULT_INPUT,
			N_("This file holds a private key. Keep it to yourself and give only "
			   "the public one."));
	if (!names(key->addresses, address))
		return fault_set(fault, FAULT_INPUT, N_("This key does not name your address."));
	if (key->problem != NULL)
		return fault_set(fault, FAULT_INPUT,
				 N_("Mail cannot be encrypted to this key or certificate."));
	given_r->kind = KEY_PGP;
	given_r->fingerprint = g_strdup(key->fingerprint);
	given_r->owner = g_strdup(key->owner);
	given_r->capabilities = "{}";
	given_r->not_before = key->not_before;
	given_r->not_after = key->not_after;
	given_r->content = g_bytes_ref(key->content);
	return check_time(given_r, fault);
}

bool
upload_read(const void *bytes, size_t length, const char *address, const char *gpg_program,
	    struct uploaded_key *given_r, struct fault *fault)
{
	g_autoptr(X509) certificate = NULL;

	*given_r = (struct uploaded_key){0};
	if (memmem(bytes, length, "PRIVATE KEY", 11) != NULL)
		return fault_set(
			fault, FAULT_INPUT,
			N_("This file holds a private key. Keep it to yourself and give only "
			   "the public one."));
	certificate = read_certificate(bytes, length);
	if (certificate != NULL)
		return take_certificate(certificate, address, given_r, fault);
	return take_openpgp(bytes, length, address, gpg_program, given_r, fault);
}

/* --- storing --- */

static bool
state(struct connection *connection, const struct uploaded_key *given, const char *address,
      struct fault *fault)
{
	const struct attestation attestation = {.kind = key_kind_name(given->kind),
						.subject = given->fingerprint,
						.address = address,
						.author = address,
						.how = "signed in"};

	return batch_begin(connection, fault) &&
	       trust_attest(connection, &attestation, fault) && batch_commit(connection, fault);
}

bool
upload_store(struct connection *connection, const struct uploaded_key *given, const char *address,
	   bool *taken_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	struct identifier id;

	identifier_make(&id);
	parameters_text(&parameters, id.text);
	parameters_text(&parameters, key_kind_name(given->kind));
	parameters_text(&parameters, given->fingerprint);
	parameters_bytes(&parameters, g_bytes_get_data(given->content, NULL),
			 g_bytes_get_size(given->content));
	parameters_text(&parameters, given->owner);
	parameters_time(&parameters, given->not_before);
	parameters_time(&parameters, given->not_after);
	parameters_text(&parameters, given->capabilities);
	parameters_text(&parameters, address);
	if (!connection_execute(connection, &give, &parameters, &result, fault))
		return false;
	*taken_r = result_flag(result, 0, 0);
	return !*taken_r || state(connection, given, address, fault);
}

bool
upload_withdraw(struct connection *connection, const char *kind, const char *fingerprint,
		 const char *address, struct fault *fault)
{
	const struct attestation attestation = {
		.kind = kind, .subject = fingerprint, .address = address, .author = address};
	struct parameters parameters = {0};

	parameters_text(&parameters, fingerprint);
	parameters_text(&parameters, address);
	return connection_execute(connection, &take_back, &parameters, NULL, fault) &&
	       batch_begin(connection, fault) &&
	       trust_revoke(connection, &attestation, "taken back by its owner", fault) &&
	       batch_commit(connection, fault);
}
