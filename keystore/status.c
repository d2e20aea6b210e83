#include "keystore/status.h"

#include <string.h>

#include "keystore/certificate.h"
#include "keystore/distribution.h"

enum {
	GOOD_LEAST = 600, /* seconds for which evidence counts */
	GOOD_MOST = 7 * 86400,
	HELD = 21600,
};

struct status_asking *
status_asking_new(X509 *certificate, X509 *issuer)
{
	struct status_asking *asking = g_new(struct status_asking, 1);

	X509_up_ref(certificate);
	X509_up_ref(issuer);
	*asking = (struct status_asking){.fingerprint = certificate_fingerprint(certificate),
					 .certificate = certificate,
					 .issuer = issuer};
	return asking;
}

void
status_asking_free(struct status_asking *asking)
{
	g_free(asking->fingerprint);
	X509_free(asking->certificate);
	X509_free(asking->issuer);
	g_free(asking);
}

/* --- what is known --- */

/* wanted_at is written once a day at most. */
static const struct statement status_known = {
	"status_known",
	"select state, why, evidence, extract(epoch from revoked_at)::bigint,"
	" extract(epoch from nullif(good_until, '-infinity'))::bigint, trouble, good_until > now() "
	"from postseal.certificate_status where fingerprint = $1"};
enum { STATE, WHY, EVIDENCE, REVOKED_AT, GOOD_UNTIL, TROUBLE, IS_CURRENT };

static const struct statement status_used = {
	"status_used",
	"update postseal.certificate_status set wanted_at = now(), due_at = least(due_at, case when state = 'revoked' then 'infinity' else good_until end) "
	"where fingerprint = $1 and wanted_at < now() - interval '1 day'"};

static bool
find_row(struct connection *connection, X509 *certificate, PGresult **result_r, struct fault *fault)
{
	g_autofree char *fingerprint = certificate_fingerprint(certificate);
	struct parameters parameters = {0};

	parameters_text(&parameters, fingerprint);
	return connection_execute(connection, &status_known, &parameters, result_r, fault);
}

/* The state that counts now. */
static enum certificate_state
state_of(const PGresult *result)
{
	enum certificate_state state;

	if (PQntuples(result) == 0)
		return CERTIFICATE_UNCHECKED;
	state = certificate_state_named(PQgetvalue(result, 0, STATE));
	return state == CERTIFICATE_GOOD && !result_flag(result, 0, IS_CURRENT)
		       ? CERTIFICATE_UNCHECKED
		       : state;
}

static char *
time_text(time_t when)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(when);

	return time == NULL ? g_strdup("an unknown time")
			    : g_date_time_format(time, "%Y-%m-%d %H:%M UTC");
}

static char *
revocation_text(const PGresult *result, enum certificate_state state, int place)
{
	g_autofree char *when = time_text((time_t)result_number(result, 0, REVOKED_AT));
	const char *why = result_text(result, 0, WHY), *evidence = result_text(result, 0, EVIDENCE);

	return g_strdup_printf("%s by its issuer on %s%s%s%s%s%s",
			       place > 0 ? "its authority's certificate was revoked"
			       : state == CERTIFICATE_HELD ? "suspended"
							   : "revoked",
			       when, why == NULL ? "" : ", ", why == NULL ? "" : why,
			       evidence == NULL ? "" : " (", evidence == NULL ? "" : evidence,
			       evidence == NULL ? "" : ")");
}

static char *
unchecked_text(const PGresult *result, int place)
{
	const char *trouble = PQntuples(result) == 0 ? NULL : result_text(result, 0, TROUBLE);

	return g_strdup_printf("whether %s was revoked is not known%s%s",
			       place > 0 ? "its authority's certificate" : "it",
			       trouble == NULL ? ": nobody was asked yet" : ": ",
			       trouble == NULL ? "" : trouble);
}

static char *
text_of(const PGresult *result, enum certificate_state state, int place)
{
	switch (state) {
	case CERTIFICATE_HELD:
	case CERTIFICATE_REVOKED:
		return revocation_text(result, state, place);
	case CERTIFICATE_GOOD:
		return g_strdup_printf("not revoked (%s)", PQgetvalue(result, 0, EVIDENCE));
	case CERTIFICATE_UNCHECKED:
	default:
		return unchecked_text(result, place);
	}
}

/* How bad it is: a revocation is worse than doubt. */
static int
weight(enum certificate_state state)
{
	static const int weights[] = {[CERTIFICATE_GOOD] = 0,
				      [CERTIFICATE_UNCHECKED] = 1,
				      [CERTIFICATE_HELD] = 2,
				      [CERTIFICATE_REVOKED] = 3};

	return weights[state];
}

/* `result` is about the certificate at this place of the chain. */
static void
add_status(const PGresult *result, int place, struct chain_status *status)
{
	enum certificate_state state = state_of(result);
	time_t until = PQntuples(result) == 0 ? 0 : (time_t)result_number(result, 0, GOOD_UNTIL);

	status->is_missing |= state == CERTIFICATE_UNCHECKED;
	if (state == CERTIFICATE_GOOD && (status->until == 0 || until < status->until))
		status->until = until;
	if (status->why != NULL && weight(state) <= weight(status->state))
		return;
	g_free(status->why);
	status->state = state;
	status->why = text_of(result, state, place);
}

bool
status_of_chain(struct connection *connection, const STACK_OF(X509) * chain,
		struct chain_status *status_r, struct fault *fault)
{
	*status_r = (struct chain_status){0};
	for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
		X509 *certificate = sk_X509_value(chain, i);
		g_autoptr(PGresult) result = NULL;

		if (!distribution_is_named(certificate)) {
			status_r->is_unnamed = true;
			continue;
		}
		if (!find_row(connection, certificate, &result, fault)) {
			g_clear_pointer(&status_r->why, g_free);
			return false;
		}
		add_status(result, i, status_r);
	}
	return true;
}

/* --- what is to be asked for --- */

static const struct statement status_wanted = {
	"status_wanted",
	"insert into postseal.certificate_status as s (fingerprint, certificate, issuer, owner, due_at) "
	"values ($1, $2, $3, $4, now() + $5::bigint * interval '1 second') "
	"on conflict (fingerprint) do update set wanted_at = now(),"
	" due_at = case when s.state = 'revoked' then s.due_at else least(s.due_at, excluded.due_at) end"};

static const struct statement status_due = {
	"status_due",
	"with due as (select fingerprint from postseal.certificate_status where due_at <= now() and claimed_until < now()"
	"  order by due_at limit $1 for update skip locked) "
	"update postseal.certificate_status s set claimed_until = now() + interval '2 minutes',"
	" due_at = case when s.wanted_at > now() - interval '30 days' then s.due_at else 'infinity' end "
	"from due where s.fingerprint = due.fingerprint "
	"returning s.certificate, s.issuer, s.due_at < 'infinity'"};

static bool
is_among(const GPtrArray *askings, X509 *certificate)
{
	for (guint i = 0; i < askings->len; i++)
		if (X509_cmp(((const struct status_asking *)g_ptr_array_index(askings, i))
				     ->certificate,
			     certificate) == 0)
			return true;
	return false;
}

static bool
note_use(struct connection *connection, X509 *certificate, struct fault *fault)
{
	g_autofree char *fingerprint = certificate_fingerprint(certificate);
	struct parameters parameters = {0};

	parameters_text(&parameters, fingerprint);
	return connection_execute(connection, &status_used, &parameters, NULL, fault);
}

bool
status_missing(struct connection *connection, const STACK_OF(X509) * chain, GPtrArray *askings,
	       struct fault *fault)
{
	for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
		X509 *certificate = sk_X509_value(chain, i);
		g_autoptr(PGresult) result = NULL;

		if (!distribution_is_named(certificate) || is_among(askings, certificate))
			continue;
		if (!find_row(connection, certificate, &result, fault) ||
		    !note_use(connection, certificate, fault))
			return false;
		if (state_of(result) == CERTIFICATE_UNCHECKED)
			g_ptr_array_add(askings, status_asking_new(certificate,
								   sk_X509_value(chain, i + 1)));
	}
	return true;
}

/* Does not copy the bytes. */
static void
put_bytes(struct parameters *parameters, GBytes *bytes)
{
	parameters_bytes(parameters, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

static bool
want(struct connection *connection, const struct status_asking *asking, unsigned seconds,
     struct fault *fault)
{
	g_autofree char *owner = certificate_owner(asking->certificate);
	g_autofree char *text = g_utf8_make_valid(owner, -1);
	g_autoptr(GBytes) certificate = certificate_der(asking->certificate);
	g_autoptr(GBytes) issuer = certificate_der(asking->issuer);
	struct parameters parameters = {0};

	parameters_text(&parameters, asking->fingerprint);
	put_bytes(&parameters, certificate);
	put_bytes(&parameters, issuer);
	parameters_text(&parameters, text);
	parameters_number(&parameters, seconds);
	return connection_execute(connection, &status_wanted, &parameters, NULL, fault);
}

bool
status_want(struct connection *connection, const GPtrArray *askings, unsigned seconds,
	    struct fault *fault)
{
	for (guint i = 0; i < askings->len; i++)
		if (!want(connection, g_ptr_array_index(askings, i), seconds, fault))
			return false;
	return true;
}

bool
status_claim(struct connection *connection, unsigned most, GPtrArray *askings, bool *more_r,
	     struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_number(&parameters, most);
	if (!connection_execute(connection, &status_due, &parameters, &result, fault))
		return false;
	*more_r = PQntuples(result) == (int)most;
	for (int row = 0; row < PQntuples(result); row++) {
		X509 *certificate = certificate_in_row(result, row, 0);
		X509 *issuer = certificate_in_row(result, row, 1);

		if (certificate != NULL && issuer != NULL && result_flag(result, row, 2))
			g_ptr_array_add(askings, status_asking_new(certificate, issuer));
		X509_free(certificate);
		X509_free(issuer);
	}
	return true;
}

/* --- what was found out --- */

/* The next question comes some time before the answer ends, once a day at least, never for all at
 * once. After a failure it comes five minutes later, and twice as late each time, up to six hours;
 * what was known before holds for as long as it would have. */
static const struct statement status_found = {
	"status_found",
	"update postseal.certificate_status set asked_at = now(), state = $2, why = $3, evidence = $4, revoked_at = to_timestamp($5),"
	" trouble = null, failures = 0, claimed_until = '-infinity', good_until = now() + $6::bigint * interval '1 second',"
	" due_at = case when $2 = 'revoked' then 'infinity'"
	"  else now() + least($6::bigint, 86400) * (0.6 + 0.3 * random()) * interval '1 second' end "
	"where fingerprint = $1"};

static const struct statement status_failed = {
	"status_failed",
	"update postseal.certificate_status set asked_at = now(), trouble = $2, failures = failures + 1, claimed_until = '-infinity',"
	" due_at = case when state = 'revoked' then 'infinity'"
	"  else now() + least(300 * 2 ^ least(failures, 10), 21600) * (0.8 + 0.2 * random()) * interval '1 second' end "
	"where fingerprint = $1"};

static bool
put_failure(struct connection *connection, const struct status_asking *asking, const char *why,
	    struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, asking->fingerprint);
	parameters_text(&parameters, why == NULL ? "nobody answered" : why);
	return connection_execute(connection, &status_failed, &parameters, NULL, fault);
}

static int64_t
lifetime_of(const struct verdict *verdict)
{
	if (verdict->state != CERTIFICATE_GOOD)
		return HELD;
	return CLAMP((int64_t)(verdict->good_until - time(NULL)), GOOD_LEAST, GOOD_MOST);
}

bool
status_put(struct connection *connection, const struct status_asking *asking,
	   const struct verdict *verdict, const char *evidence, struct fault *fault)
{
	struct parameters parameters = {0};

	if (verdict->state == CERTIFICATE_UNCHECKED)
		return put_failure(connection, asking, verdict->why, fault);
	parameters_text(&parameters, asking->fingerprint);
	parameters_text(&parameters, certificate_state_name(verdict->state));
	parameters_text(&parameters, verdict->why);
	parameters_text(&parameters, evidence);
	parameters_time(&parameters, verdict->revoked_at);
	parameters_number(&parameters, lifetime_of(verdict));
	return connection_execute(connection, &status_found, &parameters, NULL, fault);
}

/* --- CRLs --- */

static const struct statement revocation_list_get = {
	"revocation_list_get",
	"select content, extract(epoch from this_update)::bigint, fetched_at > now() - interval '12 hours' from postseal.revocation_list where url = $1 and next_update > now()"};

static const struct statement revocation_list_put = {
	"revocation_list_put",
	"insert into postseal.revocation_list as l (url, content, this_update, next_update) "
	"values ($1, $2, to_timestamp($3), to_timestamp($4)) "
	"on conflict (url) do update set content = excluded.content, this_update = excluded.this_update,"
	" next_update = excluded.next_update, fetched_at = now() where excluded.this_update >= l.this_update"};

bool
status_list(struct connection *connection, const char *url, struct status_list *list_r,
	    struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	unsigned char *content;
	size_t length;

	*list_r = (struct status_list){0};
	parameters_text(&parameters, url);
	if (!connection_execute(connection, &revocation_list_get, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 0)
		return true;
	content = result_bytes(result, 0, 0, &length);
	*list_r = (struct status_list){.content = g_bytes_new_take(content, length),
				       .from = (time_t)result_number(result, 0, 1),
				       .is_fresh = result_flag(result, 0, 2)};
	return true;
}

bool
status_put_list(struct connection *connection, const char *url, GBytes *list,
		const struct verdict *verdict, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, url);
	put_bytes(&parameters, list);
	parameters_time(&parameters, verdict->crl_from);
	parameters_time(&parameters, verdict->crl_until);
	return connection_execute(connection, &revocation_list_put, &parameters, NULL, fault);
}
