#include "admin/ca_request.h"

#include <openssl/pem.h>
#include <string.h>

#include "admin/ca_answer.h"
#include "core/address.h"
#include "keystore/certificate.h"
#include "keystore/import.h"
#include "keystore/keystore.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_REQ, X509_REQ_free)

/* All that wait for an answer. */
static const struct statement ca_requests = {
	"ca_requests",
	"select id, subject, request, true from postseal.ca where state = 'requested' "
	"union all select id, address, request, false from postseal.key_request"};
enum { ID, SUBJECT, REQUEST, IS_AUTHORITY };

static const struct statement ca_request_of = {
	"ca_request_of",
	"select id, subject, request from postseal.ca where $1 = '' and state = 'requested' "
	"union all select id, address, request from postseal.key_request where address = $1"};

static const struct statement ca_accept_authority = {
	"ca_accept_authority",
	"select id, subject, 'the authority is in use: ' || subject as text from postseal.ca_accept($1::uuid, decode($2, 'hex'), $3)"};

static const struct statement ca_certified = {
	"ca_certified",
	"select k.kind, a.address, k.fingerprint, date_trunc('second', k.not_after) as until,"
	" a.address || ' has ' || k.kind || ' ' || left(k.fingerprint, 16) || ', valid until ' || k.not_after::date as text "
	"from postseal.key k join postseal.key_address a on a.key = k.id where k.fingerprint = $1 and k.role = 'own'"};

static X509_REQ *
request_in(const PGresult *result, int row)
{
	size_t length;
	g_autofree unsigned char *der = result_bytes(result, row, REQUEST, &length);
	const unsigned char *at = der;

	return d2i_X509_REQ(NULL, &at, (long)length);
}

/* --- asking --- */

/* RFC 7468; caller frees. */
static char *
request_pem(X509_REQ *request)
{
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

/* `address` "": the authority's. */
static int
write_request(const struct admin *admin, const PGresult *result)
{
	g_autoptr(X509_REQ) request = request_in(result, 0);
	g_autofree char *pem = request_pem(request);
	g_autoptr(json_t) rows = NULL;

	if (pem == NULL)
		return command_missing("the request cannot be read");
	rows = json_pack("[{s:s, s:s}]", "subject", PQgetvalue(result, 0, SUBJECT), "request", pem);
	report_print(rows, admin->as_json, print_request);
	return EXIT_GOOD;
}

/* Whoever asks twice for an employee gets the same request, which may have been handed in. */
static bool
find_or_make(const struct admin *admin, const char *address, const struct keeper_order *order,
	     PGresult **result_r, struct fault *fault)
{
	const char *const about[] = {address, NULL};

	if (*address != '\0' && !order->replaces) {
		g_autoptr(PGresult) waiting = NULL;

		if (!command_ask(admin, &ca_request_of, about, &waiting, fault))
			return false;
		if (PQntuples(waiting) == 1) {
			*result_r = g_steal_pointer(&waiting);
			return true;
		}
	}
	return keeper_order(admin->settings->keeper_socket,
			    *address == '\0' ? KEEPER_CA_REQUEST : KEEPER_REQUEST, order, fault) &&
	       command_ask(admin, &ca_request_of, about, result_r, fault) &&
	       (PQntuples(*result_r) == 1 ||
		fault_set(fault, FAULT_BUSY, "the request is gone; was it made twice?"));
}

int
ca_request(const struct admin *admin, int argc, char **argv)
{
	struct ca_order order;
	g_autofree char *address = NULL;
	g_autoptr(PGresult) result = NULL;
	struct fault fault;
	bool left = false;

	if (!ca_order_read(admin, argc, argv, true, &order))
		return command_usage(admin->command);
	address = order.employee == NULL ? g_strdup("") : address_fold(order.employee);
	if (order.employee != NULL &&
	    g_strlcpy(order.order.subject, address, sizeof order.order.subject) >=
		    sizeof order.order.subject)
		return command_missing("%s is too long", address);
	if (order.employee != NULL && !ca_has_left(admin, address, &left, &fault))
		return command_fail(&fault);
	if (left)
		return command_missing("%s has left; see `postseal employee return`", address);
	if (!find_or_make(admin, address, &order.order, &result, &fault))
		return command_fail(&fault);
	return write_request(admin, result);
}

/* --- the answer --- */

/* The certificates above are known as any others are. */
static bool
import_all(const struct admin *admin, const struct ca_answer *answer, const char *bytes,
	   size_t length, struct fault *fault)
{
	const struct import_settings settings = {.gpg_program = admin->settings->gpg_program,
						 .imported_by = admin->actor};
	g_autoptr(connection_auto) connection = database_take(admin->database, fault);
	g_autoptr(GPtrArray) reports =
		connection == NULL
			? NULL
			: import_keys(connection, &settings, answer->path, bytes, length, fault);

	return reports != NULL;
}

static bool
use_authority(const struct admin *admin, const char *id, X509 *certificate, PGresult **result_r,
	      struct fault *fault)
{
	g_autoptr(GBytes) der = certificate_der(certificate);
	gsize length;
	const unsigned char *bytes = g_bytes_get_data(der, &length);
	g_autoptr(GString) text = g_string_new(NULL);

	for (gsize i = 0; i < length; i++)
		g_string_append_printf(text, "%02x", bytes[i]);
	return command_ask(admin, &ca_accept_authority,
			   (const char *const[]){id, text->str, admin->actor, NULL}, result_r,
			   fault);
}

/* The keeper has the private half. */
static bool
use_employee(const struct admin *admin, X509 *certificate, PGresult **result_r, struct fault *fault)
{
	g_autofree char *fingerprint = certificate_fingerprint(certificate);
	struct keeper_order order = {0};

	g_strlcpy(order.subject, fingerprint, sizeof order.subject);
	g_strlcpy(order.actor, admin->actor, sizeof order.actor);
	return keeper_order(admin->settings->keeper_socket, KEEPER_CERTIFIED, &order, fault) &&
	       command_ask(admin, &ca_certified, (const char *const[]){fingerprint, NULL}, result_r,
			   fault);
}

static bool
may_use(const struct admin *admin, const struct ca_answer *answer, X509 *certificate,
	const PGresult *requests, int row, struct fault *fault)
{
	const char *subject = PQgetvalue(requests, row, SUBJECT);
	bool left;

	if (result_flag(requests, row, IS_AUTHORITY))
		return ca_answer_is_authority(answer, certificate, subject,
					      admin->settings->domains, fault);
	return ca_answer_is_for(answer, certificate, subject, fault) &&
	       ca_has_left(admin, subject, &left, fault) &&
	       (!left ||
		fault_set(fault, FAULT_REFUSED, "%s: %s has left; see `postseal employee return`",
			  answer->path, subject));
}

/* What the file answers of one request; *rows gets what to say of it. */
static bool
take_answer(const struct admin *admin, struct ca_answer *answer, GString *bytes,
	    const PGresult *requests, int row, json_t *rows, struct fault *fault)
{
	g_autoptr(X509_REQ) request = request_in(requests, row);
	X509 *certificate =
		request == NULL ? NULL : ca_answer_for(answer, X509_REQ_get0_pubkey(request));
	g_autoptr(PGresult) result = NULL;
	g_autoptr(json_t) said = NULL;

	if (certificate == NULL)
		return true;
	if (!ca_answer_follow(answer, admin, certificate, fault) ||
	    !may_use(admin, answer, certificate, requests, row, fault) ||
	    !import_all(admin, answer, bytes->str, bytes->len, fault) ||
	    !(result_flag(requests, row, IS_AUTHORITY)
		      ? use_authority(admin, PQgetvalue(requests, row, ID), certificate, &result,
				      fault)
		      : use_employee(admin, certificate, &result, fault)))
		return false;
	if (PQntuples(result) == 0)
		return fault_set(fault, FAULT_BUSY,
				 "another request has taken the place of the one that %s answers",
				 answer->path);
	said = report_of(result);
	json_array_extend(rows, said);
	return true;
}

static int
accept_answer(const struct admin *admin, struct ca_answer *answer, GString *bytes)
{
	g_autoptr(PGresult) requests = NULL;
	g_autoptr(json_t) rows = json_array();
	struct fault fault;

	if (!command_ask(admin, &ca_requests, (const char *const[]){NULL}, &requests, &fault))
		return command_fail(&fault);
	if (PQntuples(requests) == 0)
		return command_missing(
			"no request waits for an answer; make one with: postseal ca request");
	for (int row = 0; row < PQntuples(requests); row++)
		if (!take_answer(admin, answer, bytes, requests, row, rows, &fault))
			return command_fail(&fault);
	if (json_array_size(rows) == 0)
		return command_missing(
			"%s: no certificate in it is for the key of a request of ours",
			answer->path);
	report_print(rows, admin->as_json, report_lines);
	return EXIT_GOOD;
}

int
ca_accept(const struct admin *admin, int argc, char **argv)
{
	char **given = command_operands(argc, argv, 1, 1);
	g_autoptr(GError) error = NULL;
	g_auto(ca_answer_auto) answer = {0};
	GString bytes = {0};
	struct fault fault;
	int status;

	if (given == NULL)
		return command_usage(admin->command);
	if (!g_file_get_contents(*given, &bytes.str, &bytes.len, &error)) {
		fault_set(&fault, FAULT_INPUT, "reading a certificate: %s", error->message);
		return command_fail(&fault);
	}
	status = ca_answer_read(&answer, admin->settings, *given, bytes.str, bytes.len, &fault)
			 ? accept_answer(admin, &answer, &bytes)
			 : command_fail(&fault);
	g_free(bytes.str);
	return status;
}
