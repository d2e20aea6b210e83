#include "keystore/keeper/revocation_list.h"

#include <openssl/x509v3.h>

static const struct statement list_number = {
	"list_number", "select coalesce(max(number), 0) + 1 from postseal.ca_crl where ca = $1"};

/* What has expired stays for one more list after that (RFC 5280 §3.3). */
static const struct statement list_revoked = {
	"list_revoked",
	"select serial, extract(epoch from revoked_at)::bigint, reason from postseal.ca_issued "
	"where ca = $1 and revoked_at is not null and not_after > now() - $2::bigint * interval '2 seconds' "
	"order by serial"};

static const struct statement list_put = {
	"list_put", "select postseal.ca_crl_put($1, $2, $3, to_timestamp($4), to_timestamp($5))"};

/* RFC 5280 §5.3.1; the words are those of the table ca_issued. */
static int
reason_number(const char *word)
{
	static const struct {
		const char *word;
		int number;
	} reasons[] = {{"keyCompromise", CRL_REASON_KEY_COMPROMISE},
		       {"affiliationChanged", CRL_REASON_AFFILIATION_CHANGED},
		       {"superseded", CRL_REASON_SUPERSEDED},
		       {"cessationOfOperation", CRL_REASON_CESSATION_OF_OPERATION}};

	for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++)
		if (g_str_equal(reasons[i].word, word))
			return reasons[i].number;
	return CRL_REASON_UNSPECIFIED;
}

static void
clear_revoked(gpointer revoked)
{
	ASN1_INTEGER_free(((struct profile_revoked *)revoked)->serial);
}

static ASN1_INTEGER *
serial_of(const PGresult *result, int row)
{
	size_t length;
	g_autofree unsigned char *bytes = result_bytes(result, row, 0, &length);
	BIGNUM *number = BN_bin2bn(bytes, (int)length, NULL);
	ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(number, NULL);

	BN_free(number);
	return serial;
}

static GArray *
read_revoked(const struct issuing *issuing, struct connection *connection, const char *authority,
	     struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	GArray *revoked;

	parameters_text(&parameters, authority);
	parameters_number(&parameters, (int64_t)issuing->settings->ca_crl);
	if (!connection_execute(connection, &list_revoked, &parameters, &result, fault))
		return NULL;
	revoked = g_array_new(FALSE, FALSE, sizeof(struct profile_revoked));
	g_array_set_clear_func(revoked, clear_revoked);
	for (int row = 0; row < PQntuples(result); row++) {
		const struct profile_revoked one = {
			.serial = serial_of(result, row),
			.at = (time_t)result_number(result, row, 1),
			.reason = reason_number(PQgetvalue(result, row, 2))};

		g_array_append_val(revoked, one);
	}
	return revoked;
}

static bool
store(struct connection *connection, const char *authority, X509_CRL *list, int64_t number,
      time_t now, time_t next, struct fault *fault)
{
	struct parameters parameters = {0};
	unsigned char *der = NULL;
	int length = i2d_X509_CRL(list, &der);
	bool stored;

	if (length <= 0)
		return fault_set(fault, FAULT_CRYPTO, "it cannot be encoded");
	parameters_text(&parameters, authority);
	parameters_number(&parameters, number);
	parameters_bytes(&parameters, der, (size_t)length);
	parameters_time(&parameters, now);
	parameters_time(&parameters, next);
	stored = connection_execute(connection, &list_put, &parameters, NULL, fault);
	OPENSSL_free(der);
	return stored;
}

static bool
make(const struct issuing *issuing, struct connection *connection, const struct issuer *issuer,
     struct fault *fault)
{
	const struct profile_issuer profile = issuer_profile(issuer);
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	g_autoptr(GArray) revoked = NULL;
	g_autoptr(X509_CRL) list = NULL;
	/* Taken before the rows are read: what is revoked after that is missed by them, not by the
	 * next round. */
	const time_t now = time(NULL);
	const time_t next = now + (time_t)issuing->settings->ca_crl;

	parameters_text(&parameters, issuer->id);
	if (!connection_execute(connection, &list_number, &parameters, &result, fault))
		return false;
	revoked = read_revoked(issuing, connection, issuer->id, fault);
	if (revoked == NULL)
		return false;
	list = profile_crl(&profile, revoked, result_number(result, 0, 0), now, next, fault);
	return list != NULL &&
	       store(connection, issuer->id, list, result_number(result, 0, 0), now, next, fault);
}

bool
revocation_list_make(const struct issuing *issuing, const char *authority, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(issuing->database, fault);
	g_auto(issuer_auto) issuer = {0};
	bool found;

	return (connection != NULL &&
		issuer_load(issuing, connection, authority, &issuer, &found, fault) &&
		(found || fault_set(fault, FAULT_CRYPTO, "it is gone")) &&
		make(issuing, connection, &issuer, fault)) ||
	       fault_within(fault, "making the revocation list of the authority %s", authority);
}
