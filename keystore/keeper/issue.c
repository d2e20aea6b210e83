#include "keystore/keeper/issue.h"

#include <string.h>

#include "core/address.h"
#include "core/log.h"
#include "core/seal/marked.h"
#include "keystore/certificate.h"
#include "keystore/keeper/openpgp_maker.h"
#include "keystore/keystore.h"

static const struct statement issue_lock = {"issue_lock", "select postseal.ca_lock($1)"};

static const struct statement issue_wish_lock = {"issue_wish_lock",
						 "select postseal.ca_wish_lock($1)"};

static const struct statement issue_current = {
	"issue_current",
	"select exists (select from postseal.key_address a join postseal.key k on k.id = a.key "
	"where a.address = $1 and k.kind = $2 and k.role = 'own'"
	" and (k.not_after is null or k.not_after > now() + $3::bigint * interval '1 second'))"};

static const struct statement issue_put = {
	"issue_put",
	"select postseal.ca_issue($1, $2, $3, $4, $5, $6, to_timestamp($7), to_timestamp($8), $9, $10, $11, $12)"};

static const struct statement issue_openpgp = {
	"issue_openpgp",
	"select i.address, k.content, coalesce(p.sealed, r.sealed) from postseal.ca_issued i"
	" join postseal.key k using (kind, fingerprint) left join postseal.private_key p on p.key = k.id"
	" left join postseal.retired_key r on r.key = k.id "
	"where i.kind = 'pgp' and i.fingerprint = $1"};

static const struct statement issue_openpgp_put = {
	"issue_openpgp_put", "select postseal.ca_openpgp_put($1, $2, to_timestamp($3), $4)"};

/* A new key, as it is stored. */
struct new_key {
	enum key_kind kind;
	char *fingerprint, *owner;
	GBytes *content, *secret;
	time_t from, until;    /* until: excluded */
	const char *authority; /* NULL: OpenPGP */
	GBytes *serial;
};

static void
new_key_clear(struct new_key *key)
{
	g_free(key->fingerprint);
	g_free(key->owner);
	g_clear_pointer(&key->content, g_bytes_unref);
	g_clear_pointer(&key->secret, g_bytes_unref);
	g_clear_pointer(&key->serial, g_bytes_unref);
}
typedef struct new_key new_key_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(new_key_auto, new_key_clear)

static void
parameters_content(struct parameters *parameters, GBytes *bytes)
{
	gsize length = 0;
	const void *data = bytes == NULL ? NULL : g_bytes_get_data(bytes, &length);

	if (data == NULL)
		parameters_text(parameters, NULL);
	else
		parameters_bytes(parameters, data, length);
}

static bool
put(const struct issuing *issuing, struct connection *connection, const struct new_key *key,
    const char *address, const char *actor, struct fault *fault)
{
	struct parameters parameters = {0};
	struct identifier id;
	gsize length;
	const void *secret = g_bytes_get_data(key->secret, &length);
	size_t sealed_length;
	g_autofree unsigned char *sealed = seal_marked_bytes(
		secret, length, ring_sealing(issuing->master), key->fingerprint, &sealed_length);

	identifier_make(&id);
	parameters_text(&parameters, id.text);
	parameters_text(&parameters, key_kind_name(key->kind));
	parameters_text(&parameters, key->fingerprint);
	parameters_content(&parameters, key->content);
	parameters_text(&parameters, key->owner);
	parameters_text(&parameters, address);
	parameters_time(&parameters, key->from);
	parameters_time(&parameters, key->until);
	parameters_bytes(&parameters, sealed, sealed_length);
	parameters_text(&parameters, key->authority);
	parameters_content(&parameters, key->serial);
	parameters_text(&parameters, actor);
	return connection_execute(connection, &issue_put, &parameters, NULL, fault);
}

/* --- certificates --- */

static GBytes *
secret_of(EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int length = i2d_PrivateKey(key, &der);
	GBytes *secret;

	if (length <= 0)
		return NULL;
	secret = key_secret_bytes(g_memdup2(der, (gsize)length), (size_t)length);
	OPENSSL_clear_free(der, (size_t)length);
	return secret;
}

static bool
describe_certificate(struct new_key *key, X509 *certificate)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
	unsigned char *der = NULL;
	int length = i2d_X509(certificate, &der);

	if (length <= 0)
		return false;
	key->content = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	key->fingerprint = certificate_fingerprint(certificate);
	key->from = certificate_time(X509_get0_notBefore(certificate));
	key->until = certificate_time(X509_get0_notAfter(certificate)) + 1;
	key->serial = g_bytes_new(ASN1_STRING_get0_data(serial), (gsize)ASN1_STRING_length(serial));
	return true;
}

static bool
make_certificate(const struct issuing *issuing, struct connection *connection, const char *address,
		 struct issuer *issuer, struct new_key *key_r, struct fault *fault)
{
	const time_t until = time(NULL) + (time_t)issuing->settings->ca_validity;
	struct profile_issuer profile;
	g_autoptr(EVP_PKEY) pair = NULL;
	g_autoptr(X509) certificate = NULL;
	bool found;

	if (!issuer_load(issuing, connection, "", issuer, &found, fault))
		return false;
	if (!found)
		return fault_set(fault, FAULT_CONFIG,
				 "there is no authority; make one with: postseal ca init");
	profile = issuer_profile(issuer);
	pair = profile_make_key(profile_algorithm_beside(X509_get0_pubkey(issuer->certificate)),
				fault);
	if (pair == NULL)
		return false;
	certificate = profile_employee(&profile, pair, address, until, fault);
	if (certificate == NULL)
		return false;
	key_r->kind = KEY_SMIME;
	key_r->authority = issuer->id;
	key_r->secret = secret_of(pair);
	key_r->owner = g_strdup(address);
	return (key_r->secret != NULL && describe_certificate(key_r, certificate)) ||
	       fault_set(fault, FAULT_CRYPTO, "it cannot be encoded");
}

/* --- OpenPGP --- */

static bool
make_openpgp(const struct issuing *issuing, const char *address, struct new_key *key_r,
	     struct fault *fault)
{
	g_auto(made_openpgp_auto) made = {0};
	time_t now = time(NULL);

	if (!openpgp_make(issuing->settings, address, (gint64)issuing->settings->ca_validity, &made,
			  fault))
		return false;
	key_r->kind = KEY_PGP;
	key_r->fingerprint = g_steal_pointer(&made.fingerprint);
	key_r->owner = g_strdup(address);
	key_r->content = g_steal_pointer(&made.public_key);
	key_r->secret = g_steal_pointer(&made.secret);
	key_r->from = now;
	key_r->until = now + (time_t)issuing->settings->ca_validity;
	return true;
}

static bool
take_openpgp(const struct issuing *issuing, struct connection *connection, const char *fingerprint,
	     struct made_openpgp *made_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	g_autofree unsigned char *sealed = NULL;
	unsigned char *bytes;
	size_t length;

	parameters_text(&parameters, fingerprint);
	if (!connection_execute(connection, &issue_openpgp, &parameters, &result, fault))
		return false;
	if (PQntuples(result) != 1 || PQgetisnull(result, 0, 2))
		return fault_set(fault, FAULT_CRYPTO, "its private half is not here any more");
	sealed = result_bytes(result, 0, 2, &length);
	bytes = ring_open(issuing->master, sealed, length, fingerprint, &length);
	if (bytes == NULL)
		return fault_set(fault, FAULT_CRYPTO, "no master key of this node opens it");
	made_r->fingerprint = g_strdup(fingerprint);
	made_r->secret = key_secret_bytes(bytes, length);
	bytes = result_bytes(result, 0, 1, &length);
	made_r->public_key = g_bytes_new_take(bytes, length);
	return true;
}

static bool
put_openpgp(struct connection *connection, const struct made_openpgp *made, time_t until,
	    bool is_revoked, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, made->fingerprint);
	parameters_content(&parameters, made->public_key);
	parameters_time(&parameters, until);
	parameters_flag(&parameters, is_revoked);
	return connection_execute(connection, &issue_openpgp_put, &parameters, NULL, fault);
}

bool
issue_extend(const struct issuing *issuing, const char *fingerprint, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(issuing->database, fault);
	g_auto(made_openpgp_auto) made = {0};
	const uint64_t seconds = issuing->settings->ca_validity;
	const time_t until = time(NULL) + (time_t)seconds;

	return (connection != NULL &&
		take_openpgp(issuing, connection, fingerprint, &made, fault) &&
		openpgp_extend(issuing->settings, &made, (gint64)seconds, fault) &&
		put_openpgp(connection, &made, until, false, fault)) ||
	       fault_within(fault, "renewing the OpenPGP key %s", fingerprint);
}

bool
issue_publish_revocation(const struct issuing *issuing, const char *fingerprint, const char *reason,
			 struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(issuing->database, fault);
	g_auto(made_openpgp_auto) made = {0};

	return (connection != NULL &&
		take_openpgp(issuing, connection, fingerprint, &made, fault) &&
		openpgp_revoke(issuing->settings, &made, reason, fault) &&
		put_openpgp(connection, &made, 0, true, fault)) ||
	       fault_within(fault, "revoking the OpenPGP key %s", fingerprint);
}

/* --- for an address --- */

static bool
has_current(const struct issuing *issuing, struct connection *connection, enum key_kind kind,
	    const char *address, bool *has_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, address);
	parameters_text(&parameters, key_kind_name(kind));
	parameters_number(&parameters, (int64_t)issuing->settings->ca_renew);
	if (!connection_execute(connection, &issue_current, &parameters, &result, fault))
		return false;
	*has_r = result_flag(result, 0, 0);
	return true;
}

/* Only one keeper issues to an address at a time, and none to somebody who was only wished keys and
 * has left since: *may_r. The locks last until the transaction ends. */
static bool
lock_address(struct connection *connection, const char *address, enum issue_reason why, bool *may_r,
	     struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, address);
	*may_r = true;
	if (!connection_execute(connection, &issue_lock, &parameters, NULL, fault))
		return false;
	if (why != ISSUE_WISHED)
		return true;
	if (!connection_execute(connection, &issue_wish_lock, &parameters, &result, fault))
		return false;
	*may_r = result_flag(result, 0, 0);
	return true;
}

static bool
issue_kind(const struct issuing *issuing, enum key_kind kind, const char *address,
	   const struct issue_order *order, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(issuing->database, fault);
	g_auto(issuer_auto) issuer = {0};
	g_auto(new_key_auto) key = {0};
	bool may, has;

	if (connection == NULL || !transaction_begin(connection, fault) ||
	    !lock_address(connection, address, order->why, &may, fault) ||
	    !has_current(issuing, connection, kind, address, &has, fault))
		return false;
	if (has || !may)
		return transaction_commit(connection, fault);
	if (!(kind == KEY_SMIME
		      ? make_certificate(issuing, connection, address, &issuer, &key, fault)
		      : make_openpgp(issuing, address, &key, fault)) ||
	    !put(issuing, connection, &key, address, order->actor, fault) ||
	    !transaction_commit(connection, fault))
		return false;
	log_info("issued %s %s to %s", key_kind_name(kind), key.fingerprint, address);
	return true;
}

/* Whoever may wish for keys may write anything there. */
static bool
is_folded(const char *text, struct fault *fault)
{
	g_auto(address_auto) address = {0};

	return address_parse(&address, text, fault) &&
	       (strcmp(address.key, text) == 0 ||
		fault_set(fault, FAULT_REFUSED, "%s is not a folded address", text));
}

bool
issue_keys(const struct issuing *issuing, const char *address, const struct issue_order *order,
	   struct fault *fault)
{
	char *const *kinds = issuing->settings->ca_keys;

	if (!is_folded(address, fault))
		return fault_within(fault, "issuing keys");
	if (!keystore_is_employee(issuing->settings->domains, address))
		return fault_set(fault, FAULT_REFUSED,
				 "issuing keys to %s: it is not an address in the organisation's "
				 "own domains",
				 address);
	for (enum key_kind kind = KEY_SMIME; kind <= KEY_PGP; kind++)
		if (g_strv_contains((const char *const *)kinds, key_kind_name(kind)) &&
		    !issue_kind(issuing, kind, address, order, fault))
			return fault_within(fault, "issuing a key (%s) to %s", key_kind_name(kind),
					    address);
	return true;
}
