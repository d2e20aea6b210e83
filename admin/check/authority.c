/* The organisation's own authority: can it sign, is its word on what was revoked out, and for how
 * long? */
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

#include "admin/as_user.h"
#include "admin/check/check.h"
#include "keystore/certificate.h"
#include "keystore/keeper.h"

enum { SOON_DAYS = 90, DAY_SECONDS = 86400, FETCH_SECONDS = 10 };

/* An authority counts as long as certificates of its own are valid. What has been due for ten
 * minutes nobody does. */
static const struct statement authorities = {
	"check_authority",
	"select c.id, c.subject, c.certificate, c.state = 'in use',"
	" case when l.ca is null and coalesce(c.created_at, now()) < now() - interval '10 minutes' then 'has never made a revocation list'"
	"  when l.next_update < now() then 'has no revocation list that is still valid: the last was to be renewed until '"
	"   || to_char(l.next_update at time zone 'UTC', 'YYYY-MM-DD HH24:MI UTC')"
	"  when exists (select from postseal.ca_issued i where i.ca = c.id and i.revoked_at < now() - interval '10 minutes'"
	"   and i.published_at is null) then 'has revoked certificates that are on no list' end,"
	" l.made_at + (l.next_update - l.made_at) * 0.75 < now(), coalesce(l.number, 0), l.made_at < now() - interval '1 hour',"
	" (select k.content from postseal.ca_issued i join postseal.key k using (kind, fingerprint)"
	"  where i.ca = c.id and i.not_after > now() order by i.issued_at desc limit 1) "
	"from postseal.ca c left join postseal.ca_crl l on l.ca = c.id "
	"where c.certificate is not null and (c.state = 'in use'"
	" or exists (select from postseal.ca_issued i where i.ca = c.id and i.not_after > now())) order by c.created_at"};
enum { ID, SUBJECT, CERTIFICATE, IN_USE, STALE, IS_LATE, NUMBER, IS_SETTLED, ISSUED };

static const struct statement troubles = {
	"check_authority_troubles",
	"select count(*), min(address), (array_agg(trouble order by address))[1] from postseal.ca_wish where trouble is not null"};

/* --- its time, its key --- */

static bool
check_end(const struct check *check, const PGresult *result, int row, struct fault *fault)
{
	g_autoptr(X509) certificate = certificate_in_row(result, row, CERTIFICATE);
	const char *subject = PQgetvalue(result, row, SUBJECT);
	time_t until = certificate == NULL ? 0 : certificate_time(X509_get0_notAfter(certificate));
	g_autofree char *date = key_date(until);
	time_t left = until - time(NULL);

	if (!result_flag(result, row, IN_USE))
		return true;
	if (left < 0)
		return fault_set(
			fault, FAULT_CONFIG,
			"the authority %s expired on %s, and issues nothing any more: have another take "
			"its place (postseal ca init --replace, or postseal ca request)",
			subject, date);
	if (left < (time_t)SOON_DAYS * DAY_SECONDS)
		check_warn(
			check,
			"the authority %s expires on %s, and with it what it issues: have another take its "
			"place (postseal ca init --replace, or postseal ca request)",
			subject, date);
	return true;
}

/* Only root may ask. */
static bool
check_key(const struct check *check, const PGresult *result, int row, struct fault *fault)
{
	struct keeper_order order = {0};

	g_strlcpy(order.subject, PQgetvalue(result, row, ID), sizeof order.subject);
	g_strlcpy(order.actor, check->admin->actor, sizeof order.actor);
	return geteuid() != 0 ||
	       keeper_order(check->settings->keeper_socket, KEEPER_CA_TRY, &order, fault) ||
	       fault_within(fault, "using the key of the authority %s",
			    PQgetvalue(result, row, SUBJECT));
}

/* --- its list --- */

static bool
check_list(const struct check *check, const PGresult *result, int row, struct fault *fault)
{
	const char *subject = PQgetvalue(result, row, SUBJECT);

	if (!PQgetisnull(result, row, STALE))
		return fault_set(
			fault, FAULT_CONFIG,
			"the authority %s %s, so that correspondents reject its certificates or trust "
			"revoked ones: does postseal-keeper run, and what does it log?",
			subject, PQgetvalue(result, row, STALE));
	if (result_flag(result, row, IS_LATE))
		check_warn(
			check,
			"the revocation list of the authority %s was to be renewed long ago: does "
			"postseal-keeper run, and what does it log?",
			subject);
	return true;
}

/* Where the certificate says that the list is; caller frees. NULL: nowhere. */
static char *
place_in(X509 *certificate)
{
	STACK_OF(DIST_POINT) *points =
		certificate == NULL
			? NULL
			: X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);
	const DIST_POINT *point = sk_DIST_POINT_value(points, 0);
	const GENERAL_NAME *name =
		point != NULL && point->distpoint != NULL && point->distpoint->type == 0
			? sk_GENERAL_NAME_value(point->distpoint->name.fullname, 0)
			: NULL;
	char *place =
		name != NULL && name->type == GEN_URI
			? g_strndup((const char *)ASN1_STRING_get0_data(
					    name->d.uniformResourceIdentifier),
				    (gsize)ASN1_STRING_length(name->d.uniformResourceIdentifier))
			: NULL;

	CRL_DIST_POINTS_free(points);
	return place;
}

struct fetched {
	int64_t number;
	bool is_over; /* its next update has passed */
};

struct fetching {
	const char *url;
	struct fetched *fetched;
};

static bool
fetch(void *context, struct fault *fault)
{
	const struct fetching *fetching = context;
	X509_CRL *list = X509_CRL_load_http(fetching->url, NULL, NULL, FETCH_SECONDS);
	ASN1_INTEGER *number =
		list == NULL ? NULL : X509_CRL_get_ext_d2i(list, NID_crl_number, NULL, NULL);

	if (list == NULL)
		return fault_set(fault, FAULT_PEER, "no revocation list is to be had there");
	if (number != NULL)
		ASN1_INTEGER_get_int64(&fetching->fetched->number, number);
	fetching->fetched->is_over = X509_cmp_current_time(X509_CRL_get0_nextUpdate(list)) < 0;
	ASN1_INTEGER_free(number);
	X509_CRL_free(list);
	return true;
}

static bool
judge(const PGresult *result, int row, const char *url, const struct fetched *fetched,
      struct fault *fault)
{
	if (!fetched->is_over && (fetched->number >= result_number(result, row, NUMBER) ||
				  !result_flag(result, row, IS_SETTLED)))
		return true;
	return fault_set(
		fault, FAULT_CONFIG,
		"at %s, which certificates name, is the revocation list number %" G_GINT64_FORMAT
		"%s, and number %s is the newest: does something in front of the portal keep it?",
		url, fetched->number, fetched->is_over ? ", which has ended" : "",
		PQgetvalue(result, row, NUMBER));
}

/* As correspondents fetch it. From here the name may lead elsewhere, or nowhere. */
static bool
check_place(const struct check *check, const PGresult *result, int row, struct fault *fault)
{
	g_autoptr(X509) issued = certificate_in_row(result, row, ISSUED);
	g_autofree char *url = place_in(issued);
	const struct as_user who = {.user = check->settings->portal_user,
				    .seconds = FETCH_SECONDS + 5};
	struct fetched fetched = {0};
	struct fetching fetching = {url, &fetched};
	struct fault unknown;

	if (url == NULL)
		return true;
	if (!g_str_has_prefix(url, "http://"))
		check_warn(
			check,
			"certificates name %s for the revocation list: few clients fetch it by anything but plain "
			"HTTP (RFC 5280 §8); set “ca url”",
			url);
	else if (as_user(&who, fetch, &fetching, &fetched, sizeof fetched, &unknown))
		return judge(result, row, url, &fetched, fault);
	else
		check_warn(
			check,
			"the revocation list cannot be fetched from %s, which certificates name: %s; does the web "
			"server pass /ca/ on to the portal?",
			url, unknown.text);
	return true;
}

/* --- whom it fails --- */

static bool
check_troubles(const struct check *check, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!command_ask(check->admin, &troubles, (const char *const[]){NULL}, &result, fault))
		return false;
	if (result_number(result, 0, 0) > 0)
		check_warn(check, "keys for %s%s cannot be made: %s", PQgetvalue(result, 0, 1),
			   result_number(result, 0, 0) > 1 ? " and others" : "",
			   PQgetvalue(result, 0, 2));
	return true;
}

bool
check_authority(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!command_ask(check->admin, &authorities, (const char *const[]){NULL}, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++)
		if (!check_end(check, result, row, fault) ||
		    !check_key(check, result, row, fault) ||
		    !check_list(check, result, row, fault) ||
		    !check_place(check, result, row, fault))
			return false;
	*note_r = PQntuples(result) == 0
			  ? g_strdup("there is none of our own")
			  : g_strdup(PQgetvalue(result, PQntuples(result) - 1, SUBJECT));
	return check_troubles(check, fault);
}
