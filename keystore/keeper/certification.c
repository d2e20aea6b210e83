#include "keystore/keeper/certification.h"

#include <sodium.h>
#include <string.h>

#include "core/address.h"
#include "core/seal/marked.h"
#include "keystore/certificate.h"
#include "keystore/keystore.h"

static const struct statement request_add = {
	"request_add", "select postseal.key_request_add($1, $2, $3, $4, $5, $6)"};

static const struct statement request_certificate = {
	"request_certificate",
	"select content from postseal.key where kind = 'smime' and fingerprint = $1"};

static const struct statement request_find = {
	"request_find", "select id, address, sealed from postseal.key_request where imprint = $1"};

static const struct statement request_end = {"request_end",
					     "select postseal.key_request_end($1, $2, $3, $4)"};

/* By which a request and its certificate are known to be for the same key; caller frees. */
static char *
imprint_of(EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int length = key == NULL ? 0 : i2d_PUBKEY(key, &der);
	char *imprint =
		length <= 0 ? NULL
			    : g_compute_checksum_for_data(G_CHECKSUM_SHA256, der, (gsize)length);

	OPENSSL_free(der);
	return imprint;
}

/* --- asking --- */

static bool
put_request(const struct issuing *issuing, const struct keeper_order *order, EVP_PKEY *key,
	    X509_REQ *request, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(issuing->database, fault);
	struct parameters parameters = {0};
	struct identifier id;
	unsigned char *der = NULL;
	int length = i2d_X509_REQ(request, &der);
	size_t sealed_length;
	g_autofree unsigned char *sealed = NULL;
	g_autofree char *imprint = imprint_of(key);
	bool put;

	identifier_make(&id);
	sealed = issuer_wrap(issuing, key, id.text, &sealed_length);
	if (length <= 0 || sealed == NULL || imprint == NULL) {
		OPENSSL_free(der);
		return fault_set(fault, FAULT_CRYPTO, "it cannot be encoded");
	}
	parameters_text(&parameters, id.text);
	parameters_text(&parameters, order->subject);
	parameters_bytes(&parameters, der, (size_t)length);
	parameters_text(&parameters, imprint);
	parameters_bytes(&parameters, sealed, sealed_length);
	parameters_text(&parameters, order->actor);
	put = connection != NULL &&
	      connection_execute(connection, &request_add, &parameters, NULL, fault);
	OPENSSL_free(der);
	return put;
}

static bool
check_address(const struct issuing *issuing, const char *text, struct fault *fault)
{
	g_auto(address_auto) address = {0};

	if (!address_parse(&address, text, fault))
		return false;
	return (strcmp(address.key, text) == 0 &&
		keystore_is_employee(issuing->settings->domains, text)) ||
	       fault_set(fault, FAULT_REFUSED,
			 "it is not an address in the organisation's own domains");
}

bool
certification_request(const struct issuing *issuing, const struct keeper_order *order,
		      struct fault *fault)
{
	g_autoptr(EVP_PKEY) key = NULL;
	g_autoptr(X509_REQ) request = NULL;

	if (check_address(issuing, order->subject, fault))
		key = profile_make_key(order->algorithm, fault);
	if (key != NULL)
		request = profile_employee_request(key, order->subject, fault);
	return (request != NULL && put_request(issuing, order, key, request, fault)) ||
	       fault_within(fault, "requesting a certificate for %s", order->subject);
}

/* --- the answer --- */

static X509 *
find_certificate(struct connection *connection, const char *fingerprint, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	X509 *certificate;

	parameters_text(&parameters, fingerprint);
	if (!connection_execute(connection, &request_certificate, &parameters, &result, fault))
		return NULL;
	if (PQntuples(result) != 1) {
		fault_set(fault, FAULT_CONFIG, "it is not in the key store");
		return NULL;
	}
	certificate = certificate_in_row(result, 0, 0);
	if (certificate == NULL)
		fault_set(fault, FAULT_CRYPTO, "it cannot be read");
	return certificate;
}

/* The private half, if it belongs to the certificate. */
static EVP_PKEY *
open_private(const struct issuing *issuing, const PGresult *result, X509 *certificate,
	     struct fault *fault)
{
	size_t length;
	g_autofree unsigned char *sealed = result_bytes(result, 0, 2, &length);
	unsigned char *plain =
		ring_open(issuing->master, sealed, length, PQgetvalue(result, 0, 0), &length);
	const unsigned char *at = plain;
	EVP_PKEY *key = plain == NULL ? NULL : d2i_AutoPrivateKey(NULL, &at, (long)length);

	if (plain != NULL)
		sodium_memzero(plain, length);
	g_free(plain);
	if (key != NULL && X509_check_private_key(certificate, key) == 1)
		return key;
	fault_set(fault, FAULT_CRYPTO,
		  key == NULL ? "no master key of this node opens its private key"
			      : "its private key belongs to another certificate");
	EVP_PKEY_free(key);
	return NULL;
}

static bool
take(const struct issuing *issuing, struct connection *connection, const struct keeper_order *order,
     X509 *certificate, struct fault *fault)
{
	g_autofree char *imprint = imprint_of(X509_get0_pubkey(certificate));
	struct parameters about = {0}, parameters = {0};
	g_autoptr(PGresult) request = NULL, ended = NULL;
	g_autoptr(EVP_PKEY) key = NULL;
	g_autofree unsigned char *sealed = NULL;
	size_t length;

	parameters_text(&about, imprint);
	if (!connection_execute(connection, &request_find, &about, &request, fault))
		return false;
	if (PQntuples(request) != 1)
		return fault_set(fault, FAULT_REFUSED, "it is for the key of no request");
	key = open_private(issuing, request, certificate, fault);
	if (key == NULL)
		return false;
	sealed = issuer_wrap(issuing, key, order->subject, &length);
	if (sealed == NULL)
		return fault_set(fault, FAULT_CRYPTO, "its private key cannot be encoded");
	parameters_text(&parameters, PQgetvalue(request, 0, 0));
	parameters_text(&parameters, order->subject);
	parameters_bytes(&parameters, sealed, length);
	parameters_text(&parameters, order->actor);
	return connection_execute(connection, &request_end, &parameters, &ended, fault) &&
	       (result_flag(ended, 0, 0) ||
		fault_set(fault, FAULT_BUSY, "the request was taken back meanwhile"));
}

bool
certification_take(const struct issuing *issuing, const struct keeper_order *order,
		   struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(issuing->database, fault);
	g_autoptr(X509) certificate = NULL;

	if (connection != NULL && transaction_begin(connection, fault))
		certificate = find_certificate(connection, order->subject, fault);
	return (certificate != NULL && take(issuing, connection, order, certificate, fault) &&
		transaction_commit(connection, fault)) ||
	       fault_within(fault, "using the certificate %.16s", order->subject);
}
