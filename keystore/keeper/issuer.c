#include "keystore/keeper/issuer.h"

#include <string.h>

#include "core/seal/marked.h"
#include "keystore/certificate.h"
#include "keystore/keeper/token.h"

static const struct statement ca_find = {
	"ca_find",
	"select id, certificate, sealed from postseal.ca "
	"where case when $1 = '' then state = 'in use' else id::text = $1 and certificate is not null end"};

static const struct statement ca_exists = {
	"ca_exists", "select exists (select from postseal.ca where state = 'in use')"};

static const struct statement ca_add = {"ca_add", "select postseal.ca_add($1, $2, $3, $4, $5, $6)"};

static const struct statement ca_put_authority = {
	"ca_put_authority",
	"select postseal.ca_put_authority($1, $2, 'root', $3, $4, to_timestamp($5), to_timestamp($6), $7)"};

void
issuer_clear(struct issuer *issuer)
{
	g_clear_pointer(&issuer->certificate, X509_free);
	g_clear_pointer(&issuer->key, EVP_PKEY_free);
	g_clear_pointer(&issuer->crl_url, g_free);
	g_clear_pointer(&issuer->certificate_url, g_free);
}

/* --- loading --- */

/* `sealed` NULL: it is in a token. */
static EVP_PKEY *
open_key(const struct issuing *issuing, const char *id, const unsigned char *sealed, size_t length,
	 struct fault *fault)
{
	EVP_PKEY *key;
	unsigned char *plain;
	const unsigned char *at;
	size_t plain_length;

	if (sealed == NULL)
		return token_key(issuing->settings->ca_token, issuing->settings->ca_pin, fault);
	plain = ring_open(issuing->master, sealed, length, id, &plain_length);
	if (plain == NULL) {
		fault_set(fault, FAULT_CRYPTO, "no master key of this node opens it");
		return NULL;
	}
	at = plain;
	key = d2i_AutoPrivateKey(NULL, &at, (long)plain_length);
	sodium_memzero(plain, plain_length);
	g_free(plain);
	if (key == NULL)
		fault_set(fault, FAULT_CRYPTO, "it cannot be read");
	return key;
}

/* Where certificates say that the list and the authority are: by default the portal, but by plain
 * HTTP at its usual port, since what verifies a TLS certificate may need a list first (RFC 5280 §8;
 * Baseline Requirements, section 7.1.2.3). Caller frees. */
static char *
place_of(const struct settings *settings, const char *id, const char *ending)
{
	g_autoptr(GUri) portal = g_uri_parse(settings->portal_url, G_URI_FLAGS_NONE, NULL);
	bool is_tls = portal != NULL && strcmp(g_uri_get_scheme(portal), "https") == 0;
	g_autofree char *plain =
		is_tls ? g_uri_join(G_URI_FLAGS_NONE, "http", NULL, g_uri_get_host(portal), -1,
				    g_uri_get_path(portal), NULL, NULL)
		       : g_strdup(settings->portal_url);
	g_autofree char *base = g_strdup(*settings->ca_url != '\0' ? settings->ca_url : plain);

	while (g_str_has_suffix(base, "/"))
		base[strlen(base) - 1] = '\0';
	return g_strconcat(base, "/ca/", id, ending, NULL);
}

static bool
read_issuer(const struct issuing *issuing, const PGresult *result, struct issuer *issuer,
	    struct fault *fault)
{
	size_t sealed_length = 0;
	g_autofree unsigned char *sealed =
		PQgetisnull(result, 0, 2) ? NULL : result_bytes(result, 0, 2, &sealed_length);

	g_strlcpy(issuer->id, PQgetvalue(result, 0, 0), sizeof issuer->id);
	issuer->certificate = certificate_in_row(result, 0, 1);
	if (issuer->certificate == NULL)
		return fault_set(fault, FAULT_CRYPTO, "its certificate cannot be read");
	issuer->key = open_key(issuing, issuer->id, sealed, sealed_length, fault);
	if (issuer->key == NULL)
		return false;
	if (X509_check_private_key(issuer->certificate, issuer->key) != 1)
		return fault_set(fault, FAULT_CRYPTO,
				 "its private key belongs to another certificate");
	issuer->crl_url = place_of(issuing->settings, issuer->id, ".crl");
	issuer->certificate_url = place_of(issuing->settings, issuer->id, ".crt");
	return true;
}

bool
issuer_load(const struct issuing *issuing, struct connection *connection, const char *id,
	    struct issuer *issuer_r, bool *found_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	*issuer_r = (struct issuer){0};
	parameters_text(&parameters, id);
	if (!connection_execute(connection, &ca_find, &parameters, &result, fault))
		return false;
	*found_r = PQntuples(result) == 1;
	if (!*found_r || read_issuer(issuing, result, issuer_r, fault))
		return true;
	issuer_clear(issuer_r);
	return fault_within(fault, "opening the key of the authority");
}

/* A list of nothing, that nobody will see. */
bool
issuer_try(const struct issuing *issuing, const char *id, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(issuing->database, fault);
	g_auto(issuer_auto) issuer = {0};
	g_autoptr(GArray) nobody = g_array_new(FALSE, FALSE, sizeof(struct profile_revoked));
	g_autoptr(X509_CRL) list = NULL;
	struct profile_issuer profile;
	bool found;

	if (connection == NULL || !issuer_load(issuing, connection, id, &issuer, &found, fault))
		return false;
	if (!found)
		return fault_set(fault, FAULT_CONFIG, "there is no such authority");
	profile = issuer_profile(&issuer);
	list = profile_crl(&profile, nobody, 0, 0, 0, fault);
	return list != NULL &&
	       (X509_CRL_verify(list, X509_get0_pubkey(issuer.certificate)) == 1 ||
		fault_set(fault, FAULT_CRYPTO,
			  "the key of the authority signs, but not for its certificate"));
}

struct profile_issuer
issuer_profile(const struct issuer *issuer)
{
	return (struct profile_issuer){.certificate = issuer->certificate,
				       .key = issuer->key,
				       .crl_url = issuer->crl_url,
				       .certificate_url = issuer->certificate_url};
}

/* --- making --- */

static bool
is_from_token(const struct keeper_order *order)
{
	return strcmp(order->algorithm, "token") == 0;
}

static EVP_PKEY *
key_for(const struct issuing *issuing, const struct keeper_order *order, struct fault *fault)
{
	return is_from_token(order)
		       ? token_key(issuing->settings->ca_token, issuing->settings->ca_pin, fault)
		       : profile_make_key(order->algorithm, fault);
}

unsigned char *
issuer_wrap(const struct issuing *issuing, const EVP_PKEY *key, const char *about, size_t *length_r)
{
	unsigned char *plain = NULL, *sealed;
	int length = i2d_PrivateKey(key, &plain);

	if (length <= 0)
		return NULL;
	sealed = seal_marked_bytes(plain, (size_t)length, ring_sealing(issuing->master), about,
				   length_r);
	OPENSSL_clear_free(plain, (size_t)length);
	return sealed;
}

/* What is stored of a new authority: either of the two is NULL. */
struct made {
	X509 *root;
	X509_REQ *request;
	unsigned char *der;
	int length;
};

static void
made_clear(struct made *made)
{
	X509_free(made->root);
	X509_REQ_free(made->request);
	OPENSSL_free(made->der);
}
typedef struct made made_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(made_auto, made_clear)

static bool
make(const struct issuing *issuing, const struct keeper_order *order, bool is_request,
     EVP_PKEY *key, struct made *made, struct fault *fault)
{
	time_t now = time(NULL);
	const struct profile_authority about = {.organisation = issuing->settings->organisation,
						.name = order->subject,
						.domains = issuing->settings->domains,
						.from = now,
						.until = now +
							 (time_t)order->years * 365 * 24 * 60 * 60};

	if (is_request)
		made->request = profile_request(key, &about, fault);
	else
		made->root = profile_root(key, &about, fault);
	if (made->request == NULL && made->root == NULL)
		return false;
	made->length = is_request ? i2d_X509_REQ(made->request, &made->der)
				  : i2d_X509(made->root, &made->der);
	return made->length > 0 || fault_set(fault, FAULT_CRYPTO, "it cannot be encoded");
}

/* A root is one of those that the organisation trusts. */
static bool
put_root(struct connection *connection, const struct made *made, const char *actor,
	 struct fault *fault)
{
	struct parameters parameters = {0};
	struct identifier id;
	g_autofree char *fingerprint = certificate_fingerprint(made->root);
	g_autofree char *owner = certificate_owner(made->root);

	identifier_make(&id);
	parameters_text(&parameters, id.text);
	parameters_text(&parameters, fingerprint);
	parameters_bytes(&parameters, made->der, (size_t)made->length);
	parameters_text(&parameters, owner);
	parameters_time(&parameters, certificate_time(X509_get0_notBefore(made->root)));
	parameters_time(&parameters, certificate_time(X509_get0_notAfter(made->root)) + 1);
	parameters_text(&parameters, actor);
	return connection_execute(connection, &ca_put_authority, &parameters, NULL, fault);
}

static bool
put(const struct issuing *issuing, struct connection *connection, const struct keeper_order *order,
    EVP_PKEY *key, const struct made *made, struct fault *fault)
{
	struct parameters parameters = {0};
	struct identifier id;
	size_t sealed_length = 0;
	g_autofree unsigned char *sealed = NULL;

	identifier_make(&id);
	if (!is_from_token(order)) {
		sealed = issuer_wrap(issuing, key, id.text, &sealed_length);
		if (sealed == NULL)
			return fault_set(fault, FAULT_CRYPTO, "its key cannot be encoded");
	}
	parameters_text(&parameters, id.text);
	parameters_text(&parameters, order->subject);
	for (int i = 0; i < 2; i++)
		if ((i == 0) == (made->request != NULL))
			parameters_bytes(&parameters, made->der, (size_t)made->length);
		else
			parameters_text(&parameters, NULL);
	if (sealed != NULL)
		parameters_bytes(&parameters, sealed, sealed_length);
	else
		parameters_text(&parameters, NULL);
	parameters_text(&parameters, order->actor);
	return connection_execute(connection, &ca_add, &parameters, NULL, fault) &&
	       (made->root == NULL || put_root(connection, made, order->actor, fault));
}

static bool
check_vacant(struct connection *connection, const struct keeper_order *order, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!connection_execute(connection, &ca_exists, NULL, &result, fault))
		return false;
	return !result_flag(result, 0, 0) || order->replaces ||
	       fault_set(fault, FAULT_REFUSED,
			 "there is one already; to have another take its place, give --replace");
}

bool
issuer_make(const struct issuing *issuing, const struct keeper_order *order, bool is_request,
	    struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(issuing->database, fault);
	g_autoptr(EVP_PKEY) key = NULL;
	g_auto(made_auto) made = {0};

	if (connection == NULL || (!is_request && !check_vacant(connection, order, fault)))
		return connection != NULL && fault_within(fault, "making an authority");
	key = key_for(issuing, order, fault);
	return (key != NULL && make(issuing, order, is_request, key, &made, fault) &&
		transaction_begin(connection, fault) &&
		put(issuing, connection, order, key, &made, fault) &&
		transaction_commit(connection, fault)) ||
	       fault_within(fault, "making an authority");
}
