#include "admin/ca.h"

#include <getopt.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "core/address.h"
#include "keystore/certificate.h"
#include "keystore/import.h"
#include "keystore/keeper.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_REQ, X509_REQ_free)

enum { YEARS_STANDARD = 10, YEARS_MAX = 30 };

static const struct statement ca_show = {
	"ca_show",
	"select c.state, c.subject, c.id as identifier, c.sealed is null as in_token, date_trunc('second', c.created_at) as created_at,"
	" (select count(*) from postseal.ca_issued i where i.ca = c.id) as issued,"
	" (select count(*) from postseal.ca_issued i where i.ca = c.id and i.revoked_at is not null) as revoked,"
	" l.number as crl, date_trunc('second', l.made_at) as crl_made_at, date_trunc('second', l.next_update) as crl_next_update,"
	" c.certificate "
	"from postseal.ca c left join postseal.ca_crl l on l.ca = c.id order by c.created_at"};

static const struct statement ca_requested = {
	"ca_requested", "select subject, request from postseal.ca where state = 'requested'"};

static const struct statement ca_accept = {
	"ca_accept",
	"select id, subject, 'the authority is in use: ' || subject as text from postseal.ca_accept($1)"};

static const struct statement ca_list = {
	"ca_list",
	"select kind, address, fingerprint, date_trunc('second', not_after) as until,"
	" date_trunc('second', revoked_at) as revoked_at, reason, issued_by "
	"from postseal.issued_keys where $1 = '' or address = $1 or address like '%@' || $1 "
	"order by address, kind, issued_at"};

static const struct statement ca_has_left = {
	"ca_has_left", "select exists (select from postseal.left_employee where address = $1)"};

static const struct statement ca_current = {
	"ca_current",
	"select distinct on (k.kind) k.kind, a.address, k.fingerprint, date_trunc('second', k.not_after) as until,"
	" a.address || ' has ' || k.kind || ' ' || left(k.fingerprint, 16) || ', valid '"
	"  || coalesce('until ' || k.not_after::date, 'for ever') as text "
	"from postseal.key_address a join postseal.key k on k.id = a.key "
	"where a.address = $1 and k.role = 'own' and (k.not_after is null or k.not_after > now()) "
	"order by k.kind, k.not_before desc"};

static const struct statement ca_revoke = {
	"ca_revoke",
	"select r.kind, r.address, r.fingerprint, r.reason,"
	" 'revoked ' || r.kind || ' ' || left(r.fingerprint, 16) || ' of ' || r.address || ': ' || r.reason as text "
	"from postseal.ca_issued i, lateral postseal.ca_revoke(i.kind, i.fingerprint, $2, $3) r "
	"where i.revoked_at is null and i.address = $1 or i.fingerprint in (lower($1), upper($1))"};

/* --- making one --- */

struct wish {
	struct keeper_order order;
	enum keeper_wish what;
};

/* False: wrong usage. */
static bool
read_wish(const struct admin *admin, int argc, char **argv, struct wish *wish)
{
	static const struct option options[] = {{"name", required_argument, NULL, 'n'},
						{"key", required_argument, NULL, 'k'},
						{"years", required_argument, NULL, 'y'},
						{"replace", no_argument, NULL, 'r'},
						{0}};
	struct keeper_order *order = &wish->order;
	const char *name = NULL, *key = "rsa-3072";
	g_autofree char *standard = g_strdup_printf("%s Mail CA", admin->settings->organisation);
	int option;

	order->years = YEARS_STANDARD;
	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			name = optarg;
		else if (option == 'k')
			key = optarg;
		else if (option == 'y' && wish->what == KEEPER_CA_MAKE)
			order->years = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'r' && wish->what == KEEPER_CA_MAKE)
			order->replaces = true;
		else
			return false;
	}
	return optind == argc && order->years > 0 && order->years <= YEARS_MAX &&
	       g_strlcpy(order->subject, name == NULL ? standard : name, sizeof order->subject) <
		       sizeof order->subject &&
	       g_strlcpy(order->algorithm, key, sizeof order->algorithm) <
		       sizeof order->algorithm &&
	       g_strlcpy(order->actor, admin->actor, sizeof order->actor) < sizeof order->actor;
}

/* --- showing --- */

static X509 *
certificate_in(const PGresult *result, int row)
{
	size_t length;
	g_autofree unsigned char *der =
		PQgetisnull(result, row, PQfnumber(result, "certificate"))
			? NULL
			: result_bytes(result, row, PQfnumber(result, "certificate"), &length);
	const unsigned char *at = der;

	return der == NULL ? NULL : d2i_X509(NULL, &at, (long)length);
}

static void
describe(json_t *row, const PGresult *result, int i)
{
	g_autoptr(X509) certificate = certificate_in(result, i);
	g_autofree char *fingerprint = NULL, *until = NULL;

	json_object_del(row, "certificate");
	if (certificate != NULL) {
		fingerprint = certificate_fingerprint(certificate);
		until = key_date(certificate_time(X509_get0_notAfter(certificate)));
	}
	json_object_set_new(row, "fingerprint", report_text(fingerprint));
	json_object_set_new(row, "valid_until", report_text(until));
}

static int
show(const struct admin *admin, int argc, char **argv)
{
	g_autoptr(PGresult) result = NULL;
	g_autoptr(json_t) rows = NULL;
	struct fault fault;

	if (command_operands(argc, argv, 0, 0) == NULL)
		return command_usage(admin->command);
	if (!command_ask(admin, &ca_show, (const char *const[]){NULL}, &result, &fault))
		return command_fail(&fault);
	if (PQntuples(result) == 0)
		return command_missing("there is no authority; make one with: postseal ca init");
	rows = report_of(result);
	for (int i = 0; i < PQntuples(result); i++)
		describe(json_array_get(rows, (size_t)i), result, i);
	report_print(rows, admin->as_json, report_records);
	return EXIT_GOOD;
}

static int
init(const struct admin *admin, int argc, char **argv)
{
	struct wish wish = {.what = KEEPER_CA_MAKE};
	char *none[] = {argv[0], NULL};
	struct fault fault;

	if (!read_wish(admin, argc, argv, &wish))
		return command_usage(admin->command);
	if (!keeper_order(admin->settings->keeper_socket, wish.what, &wish.order, &fault))
		return command_fail(&fault);
	return show(admin, 1, none);
}

/* --- an authority above --- */

/* RFC 7468; caller frees. */
static char *
request_pem(const unsigned char *der, size_t length)
{
	const unsigned char *at = der;
	g_autoptr(X509_REQ) request = d2i_X509_REQ(NULL, &at, (long)length);
	g_autoptr(BIO) memory = BIO_new(BIO_s_mem());
	const char *text;
	long size;

	if (request == NULL || PEM_write_bio_X509_REQ(memory, request) != 1)
		return NULL;
	size = BIO_get_mem_data(memory, &text);
	return g_strndup(text, (gsize)size);
}

static void
print_request(FILE *file, const json_t *rows)
{
	fputs(json_string_value(json_object_get(json_array_get(rows, 0), "request")), file);
}

/* The request that waits for an answer; *missing_r: there is none. */
static unsigned char *
find_request(const struct admin *admin, size_t *length_r, bool *missing_r, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	*missing_r = false;
	if (!command_ask(admin, &ca_requested, (const char *const[]){NULL}, &result, fault))
		return NULL;
	*missing_r = PQntuples(result) == 0;
	return *missing_r ? NULL : result_bytes(result, 0, 1, length_r);
}

static int
request(const struct admin *admin, int argc, char **argv)
{
	struct wish wish = {.what = KEEPER_CA_REQUEST};
	g_autofree unsigned char *der = NULL;
	g_autofree char *pem = NULL;
	g_autoptr(json_t) rows = NULL;
	struct fault fault = {0};
	size_t length;
	bool missing;

	if (!read_wish(admin, argc, argv, &wish))
		return command_usage(admin->command);
	if (!keeper_order(admin->settings->keeper_socket, wish.what, &wish.order, &fault))
		return command_fail(&fault);
	der = find_request(admin, &length, &missing, &fault);
	pem = der == NULL ? NULL : request_pem(der, length);
	if (pem == NULL)
		return fault.cause != FAULT_NONE ? command_fail(&fault)
						 : command_missing("the request cannot be read");
	rows = json_pack("[{s:s, s:s}]", "subject", wish.order.subject, "request", pem);
	report_print(rows, admin->as_json, print_request);
	return EXIT_GOOD;
}

/* Is it the answer to our request, and does it make us an authority (RFC 5280 §4.2.1.3, §4.2.1.9)?
 */
static bool
answers(X509 *certificate, const unsigned char *der, size_t length)
{
	const unsigned char *at = der;
	g_autoptr(X509_REQ) asked = d2i_X509_REQ(NULL, &at, (long)length);
	EVP_PKEY *theirs = X509_get0_pubkey(certificate);

	return asked != NULL && theirs != NULL &&
	       EVP_PKEY_eq(theirs, X509_REQ_get0_pubkey(asked)) == 1;
}

static const char *
why_no_authority(X509 *certificate)
{
	if (X509_check_ca(certificate) != 1)
		return "it does not say that this is an authority (RFC 5280 §4.2.1.9)";
	if ((X509_get_key_usage(certificate) & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) !=
	    (KU_KEY_CERT_SIGN | KU_CRL_SIGN))
		return "its key usage lacks keyCertSign or cRLSign (RFC 5280 §4.2.1.3)";
	if (!certificate_allows_mail(certificate))
		return "its extended key usage does not include mail (RFC 8550 §4.4.4)";
	return NULL;
}

/* The certificate of the file that answers the request; NULL: none does. Caller frees. */
static X509 *
find_answer(const char *bytes, size_t length, const unsigned char *der, size_t der_length)
{
	g_autoptr(BIO) memory = BIO_new_mem_buf(bytes, (int)MIN(length, INT_MAX));
	const unsigned char *at = (const unsigned char *)bytes;
	X509 *certificate;

	while ((certificate = PEM_read_bio_X509(memory, NULL, NULL, NULL)) != NULL) {
		if (answers(certificate, der, der_length))
			return certificate;
		X509_free(certificate);
	}
	certificate = d2i_X509(NULL, &at, (long)MIN(length, INT_MAX));
	if (certificate == NULL || answers(certificate, der, der_length))
		return certificate;
	X509_free(certificate);
	return NULL;
}

/* The certificates above are known as any others are. */
static bool
import_chain(const struct admin *admin, const char *path, const char *bytes, size_t length,
	     struct fault *fault)
{
	const struct import_settings settings = {.gpg_program = admin->settings->gpg_program,
						 .imported_by = admin->actor};
	g_autoptr(connection_auto) connection = database_take(admin->database, fault);
	g_autoptr(GPtrArray) reports =
		connection == NULL ? NULL
				   : import_keys(connection, &settings, path, bytes, length, fault);

	for (guint i = 0; reports != NULL && i < reports->len; i++) {
		const struct imported *one = g_ptr_array_index(reports, i);

		if (one->skipped != NULL && one->fingerprint != NULL)
			fprintf(stderr, "postseal: warning: %.16s %s: %s\n", one->fingerprint,
				one->owner, one->skipped);
	}
	return reports != NULL;
}

static bool
put_answer(const struct admin *admin, X509 *certificate, PGresult **result_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(admin->database, fault);
	struct parameters parameters = {0};
	unsigned char *der = NULL;
	int length = i2d_X509(certificate, &der);
	bool put;

	if (length <= 0 || connection == NULL)
		return connection != NULL &&
		       fault_set(fault, FAULT_CRYPTO,
				 "accepting the certificate: it cannot be encoded");
	parameters_bytes(&parameters, der, (size_t)length);
	put = connection_execute(connection, &ca_accept, &parameters, result_r, fault);
	OPENSSL_free(der);
	return put;
}

static int
accept_file(const struct admin *admin, const char *path, const char *bytes, size_t length)
{
	struct fault fault;
	size_t asked_length = 0;
	bool missing;
	g_autofree unsigned char *asked = find_request(admin, &asked_length, &missing, &fault);
	g_autoptr(X509) certificate = NULL;
	g_autoptr(PGresult) result = NULL;
	g_autoptr(json_t) rows = NULL;
	const char *why;

	if (asked == NULL)
		return missing ? command_missing("no request waits for an answer; make one with: "
						 "postseal ca request")
			       : command_fail(&fault);
	certificate = find_answer(bytes, length, asked, asked_length);
	if (certificate == NULL)
		return command_missing("%s: no certificate in it is for the key of our request",
				       path);
	why = why_no_authority(certificate);
	if (why != NULL)
		return command_missing("%s: %s", path, why);
	if (!import_chain(admin, path, bytes, length, &fault) ||
	    !put_answer(admin, certificate, &result, &fault))
		return command_fail(&fault);
	rows = report_of(result);
	report_print(rows, admin->as_json, report_lines);
	return EXIT_GOOD;
}

static int
run_accept(const struct admin *admin, int argc, char **argv)
{
	char **given = command_operands(argc, argv, 1, 1);
	g_autoptr(GError) error = NULL;
	g_autofree char *bytes = NULL;
	struct fault fault;
	gsize length;

	if (given == NULL)
		return command_usage(admin->command);
	if (g_file_get_contents(*given, &bytes, &length, &error))
		return accept_file(admin, *given, bytes, length);
	fault_set(&fault, FAULT_INPUT, "reading a certificate: %s", error->message);
	return command_fail(&fault);
}

/* --- employees --- */

static int
list(const struct admin *admin, int argc, char **argv)
{
	return command_answer_about(admin, argc, argv, &ca_list, report_table);
}

static bool
has_left(const struct admin *admin, const char *address, bool *left_r, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!command_ask(admin, &ca_has_left, (const char *const[]){address, NULL}, &result, fault))
		return false;
	*left_r = result_flag(result, 0, 0);
	return true;
}

static int
issue(const struct admin *admin, int argc, char **argv)
{
	char **given = command_operands(argc, argv, 1, 1);
	struct keeper_order order = {0};
	g_autofree char *address = NULL;
	struct fault fault;
	bool left;

	if (given == NULL)
		return command_usage(admin->command);
	address = address_fold(*given);
	if (!has_left(admin, address, &left, &fault))
		return command_fail(&fault);
	if (left)
		return command_missing("%s has left; see `postseal employee return`", address);
	g_strlcpy(order.subject, address, sizeof order.subject);
	g_strlcpy(order.actor, admin->actor, sizeof order.actor);
	if (!keeper_order(admin->settings->keeper_socket, KEEPER_ISSUE, &order, &fault))
		return command_fail(&fault);
	return command_answer(admin, &ca_current, (const char *const[]){address, NULL},
			      report_lines);
}

static bool
is_reason(const char *text)
{
	static const char *const reasons[] = {"unspecified",	      "keyCompromise",
					      "affiliationChanged",   "superseded",
					      "cessationOfOperation", NULL};

	return g_strv_contains(reasons, text);
}

static int
run_revoke(const struct admin *admin, int argc, char **argv)
{
	static const struct option options[] = {{"reason", required_argument, NULL, 'r'}, {0}};
	const char *reason = "unspecified";
	g_autofree char *which = NULL;
	g_autoptr(PGresult) result = NULL;
	g_autoptr(json_t) rows = NULL;
	struct fault fault;
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'r')
			return command_usage(admin->command);
		reason = optarg;
	}
	if (argc - optind != 1 || !is_reason(reason))
		return command_usage(admin->command);
	which = strchr(argv[optind], '@') == NULL ? g_strdup(argv[optind])
						  : address_fold(argv[optind]);
	if (!command_ask(admin, &ca_revoke,
			 (const char *const[]){which, reason, admin->actor, NULL}, &result, &fault))
		return command_fail(&fault);
	if (PQntuples(result) == 0)
		return command_missing(
			"%s: no key that was issued here and is not revoked is called "
			"that; see `postseal ca list`",
			which);
	rows = report_of(result);
	report_print(rows, admin->as_json, report_lines);
	return EXIT_GOOD;
}

const struct command ca_commands[] = {
	{"ca init",
	 "[--name NAME] [--key rsa-3072 | rsa-4096 | p-256 | p-384 | token] [--years NUMBER] [--replace]",
	 "make the company's own certificate authority", init,
	 .example = "--key p-384 --name 'Example Corp Mail CA'"},
	{"ca request", "[--name NAME] [--key rsa-3072 | rsa-4096 | p-256 | p-384 | token]",
	 "make an authority that another authority is to sign, and write the request", request,
	 .example = "--name 'Example Corp Mail CA'"},
	{"ca accept", "FILE", "use the certificate that answers the request", run_accept,
	 .example = "mail-ca.pem"},
	{"ca show", "", "show the company's own authorities", show, .reads = true},
	{"ca list", "[ADDRESS | DOMAIN]", "list keys that were issued to employees", list,
	 .reads = true, .example = "anna@example.com"},
	{"ca issue", "ADDRESS", "issue to an employee the keys that they lack", issue,
	 .example = "anna@example.com"},
	{"ca revoke", "[--reason REASON] FINGERPRINT | ADDRESS", "revoke keys that were issued",
	 run_revoke, .example = "--reason keyCompromise anna@example.com"},
	{NULL, NULL, NULL, NULL},
};
