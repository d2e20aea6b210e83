#include "keystore/keeper/revocation_list.h"

#include <openssl/x509v3.h>

static const struct statement list_lock = {"list_lock", "select postseal.ca_lock($1)"};

static const struct statement list_due = {
	"list_due", "select exists (select from postseal.ca_lists_due() d where d::text = $1)"};

/* What has expired stays for one more list after that (RFC 5280 §3.3). */
static const struct statement list_begin = {
	"list_begin",
	"select number, serial, revoked_at, reason from postseal.ca_list_begin($1, $2::bigint * interval '2 seconds')"};
enum { NUMBER, SERIAL, REVOKED_AT, REASON };

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
	g_autofree unsigned char *bytes = result_bytes(result, row, SERIAL, &length);
	BIGNUM *number = BN_bin2bn(bytes, (int)length, NULL);
	ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(number, NULL);

	BN_free(number);
	return serial;
}

/* One row without a serial number stands for an empty list. */
static GArray *
read_revoked(const PGresult *result)
{
	GArray *revoked = g_array_new(FALSE, FALSE, sizeof(struct profile_revoked));

	g_array_set_clear_func(revoked, clear_revoked);
	for (int row = 0; row < PQntuples(result); row++) {
		struct profile_revoked one;

		if (PQgetisnull(result, row, SERIAL))
			continue;
		one = (struct profile_revoked){
			.serial = serial_of(result, row),
			.at = (time_t)result_number(result, row, REVOKED_AT),
			.reason = reason_number(PQgetvalue(result, row, REASON))};
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
	const time_t now = time(NULL);
	const time_t next = now + (time_t)issuing->settings->ca_crl;

	parameters_text(&parameters, issuer->id);
	parameters_number(&parameters, (int64_t)issuing->settings->ca_crl);
	if (!connection_execute(connection, &list_begin, &parameters, &result, fault))
		return false;
	revoked = read_revoked(result);
	list = profile_crl(&profile, revoked, result_number(result, 0, NUMBER), now, next, fault);
	return list != NULL && store(connection, issuer->id, list, result_number(result, 0, NUMBER),
				     now, next, fault);
}

/* Another keeper may have made it meanwhile. The lock lasts until the transaction ends. */
static bool
lock_and_look(struct connection *connection, const char *authority, bool *due_r,
	      struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, authority);
	if (!connection_execute(connection, &list_lock, &parameters, NULL, fault) ||
	    !connection_execute(connection, &list_due, &parameters, &result, fault))
		return false;
	*due_r = result_flag(result, 0, 0);
	return true;
}

bool
revocation_list_make(const struct issuing *issuing, const char *authority, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(issuing->database, fault);
	g_auto(issuer_auto) issuer = {0};
	bool found, due = true;

	return (connection != NULL && transaction_begin(connection, fault) &&
		lock_and_look(connection, authority, &due, fault) &&
		(!due || (issuer_load(issuing, connection, authority, &issuer, &found, fault) &&
			  (found || fault_set(fault, FAULT_CRYPTO, "it is gone")) &&
			  make(issuing, connection, &issuer, fault))) &&
		transaction_commit(connection, fault)) ||
	       fault_within(fault, "making the revocation list of the authority %s", authority);
}
