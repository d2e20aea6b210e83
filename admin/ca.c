#include "admin/ca_request.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "core/address.h"
#include "keystore/certificate.h"
#include "keystore/keeper.h"

enum { YEARS_STANDARD = 10, YEARS_MAX = 30 };

static const struct statement ca_show = {
	"ca_show",
	"select c.state, c.subject, c.id as identifier, c.sealed is null as in_token, date_trunc('second', c.created_at) as created_at,"
	" (select count(*) from postseal.ca_issued i where i.ca = c.id) as issued,"
	" (select count(*) from postseal.ca_issued i where i.ca = c.id and i.revoked_at is not null) as revoked,"
	" l.number as crl, date_trunc('second', l.made_at) as crl_made_at, date_trunc('second', l.next_update) as crl_next_update,"
	" c.certificate "
	"from postseal.ca c left join postseal.ca_crl l on l.ca = c.id order by c.created_at"};

static const struct statement ca_list = {
	"ca_list",
	"select kind, address, fingerprint, date_trunc('second', not_after) as until,"
	" date_trunc('second', revoked_at) as revoked_at, reason, issued_by "
	"from postseal.issued_keys where $1 = '' or address = $1 or address like '%@' || $1 "
	"order by address, kind, issued_at"};

static const struct statement ca_left = {
	"ca_left", "select exists (select from postseal.left_employee where address = $1)"};

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

bool
ca_order_read(const struct admin *admin, int argc, char **argv, bool is_request,
	      struct ca_order *order_r)
{
	static const struct option options[] = {
		{"name", required_argument, NULL, 'n'},	 {"key", required_argument, NULL, 'k'},
		{"years", required_argument, NULL, 'y'}, {"replace", no_argument, NULL, 'r'},
		{"for", required_argument, NULL, 'f'},	 {0}};
	struct keeper_order *order = &order_r->order;
	const char *name = NULL, *key = "rsa-3072";
	g_autofree char *standard = g_strdup_printf("%s Mail CA", admin->settings->organisation);
	int option;

	*order_r = (struct ca_order){.order.years = YEARS_STANDARD};
	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			name = optarg;
		else if (option == 'k')
			key = optarg;
		else if (option == 'y' && !is_request)
			order->years = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'r')
			order->replaces = true;
		else if (option == 'f' && is_request)
			order_r->employee = optarg;
		else
			return false;
	}
	/* An employee's name is the address, and a token has no keys for employees. */
	if (order_r->employee != NULL ? name != NULL || strcmp(key, "token") == 0
				      : is_request && order->replaces)
		return false;
	return optind == argc && order->years > 0 && order->years <= YEARS_MAX &&
	       g_strlcpy(order->subject, name == NULL ? standard : name, sizeof order->subject) <
		       sizeof order->subject &&
	       g_strlcpy(order->algorithm, key, sizeof order->algorithm) <
		       sizeof order->algorithm &&
	       g_strlcpy(order->actor, admin->actor, sizeof order->actor) < sizeof order->actor;
}

bool
ca_has_left(const struct admin *admin, const char *address, bool *left_r, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!command_ask(admin, &ca_left, (const char *const[]){address, NULL}, &result, fault))
		return false;
	*left_r = result_flag(result, 0, 0);
	return true;
}

/* --- showing --- */

static void
describe(json_t *row, const PGresult *result, int i)
{
	g_autoptr(X509) certificate =
		certificate_in_row(result, i, PQfnumber(result, "certificate"));
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
	struct ca_order order;
	char *none[] = {argv[0], NULL};
	struct fault fault;

	if (!ca_order_read(admin, argc, argv, false, &order))
		return command_usage(admin->command);
	if (!keeper_order(admin->settings->keeper_socket, KEEPER_CA_MAKE, &order.order, &fault))
		return command_fail(&fault);
	return show(admin, 1, none);
}

/* --- employees --- */

static int
list(const struct admin *admin, int argc, char **argv)
{
	return command_answer_about(admin, argc, argv, &ca_list, report_table);
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
	if (!ca_has_left(admin, address, &left, &fault))
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
	{"ca request",
	 "[--name NAME | --for ADDRESS [--replace]] [--key rsa-3072 | rsa-4096 | p-256 | p-384 | token]",
	 "make an authority, or the key of an employee, and write the request that another authority is to sign",
	 ca_request, .example = "--name 'Example Corp Mail CA'"},
	{"ca accept", "FILE", "use the certificates that answer requests", ca_accept,
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
