#include "delivery/courier/figures.h"

#include <string.h>

#include "core/database.h"
#include "core/log.h"
#include "core/metrics.h"
#include "delivery/courier/mta_log.h"
#include "delivery/outbox/outbox.h"
#include "keystore/discovery.h"
#include "keystore/domain_tls_asking.h"
#include "keystore/evidence.h"

static const struct statement count_outbox = {
	"figures_outbox",
	"select count(*), coalesce(extract(epoch from now() - min(created_at)), 0)::bigint,"
	" (select count(*) from postseal.parcel where issued_at is null) from postseal.outbox"};

static const struct statement count_approvals = {
	"figures_approvals",
	"select count(*) filter (where decision is null), count(*) filter (where decision = 'released') "
	"from postseal.approval where done_at is null"};

static const struct statement count_mta = {
	"figures_mta",
	"select count(*), coalesce(extract(epoch from now() - min(m.since)), 0)::bigint,"
	" (select extract(epoch from now() - min(read_at))::bigint from postseal.mta_log where read_at > '-infinity'),"
	" (select extract(epoch from now() - read_at)::bigint from postseal.mta_log where source = $1 and read_at > '-infinity')"
	" from postseal.mta_mail m where exists"
	"  (select from postseal.event e where e.message = m.message and e.what = 'deferred')"};
enum { MAILS, OLDEST, LEAST_RECENT, OURS };
/* When the log of this machine was last known to be read, on the monotonic clock, in microseconds;
 * at first, the courier's start: one that never was read must not be missed. */
static gint64 log_read;

static const struct statement count_keys = {
	"figures_keys",
	"select format('role=\"%s\",kind=\"%s\"', role, kind),"
	" count(*) filter (where expires_at > now() + interval '30 days'),"
	" count(*) filter (where expires_at > now() and expires_at <= now() + interval '30 days'),"
	" count(*) filter (where expires_at <= now()),"
	" extract(epoch from min(expires_at) filter (where expires_at > now() and expires_at < 'infinity'))::bigint "
	"from (select role, kind, coalesce(not_after, 'infinity') as expires_at from postseal.key) keys group by role, kind"};

static const struct statement count_certificates = {
	"figures_certificates",
	"select case when state = 'good' and good_until <= now() then 'unchecked' else state end, count(*) "
	"from postseal.certificate_status where wanted_at > now() - interval '30 days' group by 1"};

/* Evidence and state of domains; in the first row, the copies that wait. */
static const struct statement count_tls = {
	"figures_tls",
	"select e.evidence, s.state, count(d.domain), count(d.failing_since),"
	" (select count(*) from postseal.mta_mail m join postseal.copy c on c.message = m.message"
	"   where c.method = 'tls' and c.state = 'handed' and exists (select from postseal.event v"
	"    where v.message = c.message and v.copy = c.id and v.what = 'deferred')) "
	"from unnest('{dane,mta-sts}'::text[]) e (evidence)"
	" cross join unnest('{available,unfit,unknown,unavailable,to be asked}'::text[]) s (state)"
	" left join postseal.tls_domain d"
	"  on d.evidence = e.evidence and d.state = s.state and d.wanted_at > now() - interval '30 days' "
	"group by 1, 2 order by 1, 2"};
enum { EVIDENCE, STATE, DOMAINS, FAILING, DEFERRED };

static void
set_outbox(const PGresult *result)
{
	metrics_set(METRIC_OUTBOX_MAILS, "", (double)result_number(result, 0, 0));
	metrics_set(METRIC_OUTBOX_OLDEST, "", (double)result_number(result, 0, 1));
	metrics_set(METRIC_PARCELS_WAITING, "", (double)result_number(result, 0, 2));
}

static void
set_approvals(const PGresult *result)
{
	metrics_set(METRIC_APPROVALS, "state=\"waiting\"", (double)result_number(result, 0, 0));
	metrics_set(METRIC_APPROVALS, "state=\"released\"", (double)result_number(result, 0, 1));
}

static void
set_mta(const PGresult *result)
{
	gint64 now = g_get_monotonic_time(), age;

	metrics_set(METRIC_MTA_DEFERRED, "", (double)result_number(result, 0, MAILS));
	metrics_set(METRIC_MTA_DEFERRED_OLDEST, "", (double)result_number(result, 0, OLDEST));
	if (!PQgetisnull(result, 0, OURS)) /* null: cannot be read, or not read to its end */
		log_read = now - result_number(result, 0, OURS) * G_USEC_PER_SEC;
	age = (now - log_read) / G_USEC_PER_SEC;
	if (!PQgetisnull(result, 0, LEAST_RECENT))
		age = MAX(age, result_number(result, 0, LEAST_RECENT));
	metrics_set(METRIC_MTA_LOG_AGE, "", (double)age);
}

static void
set_keys(const PGresult *result)
{
	static const char *const validity[] = {"valid", "expiring", "expired"};

	for (int row = 0; row < PQntuples(result); row++) {
		const char *labels = PQgetvalue(result, row, 0);

		for (int i = 0; i < (int)G_N_ELEMENTS(validity); i++) {
			g_autofree char *all =
				g_strdup_printf("%s,validity=\"%s\"", labels, validity[i]);

			metrics_set(METRIC_KEYS, all, (double)result_number(result, row, i + 1));
		}
		if (!PQgetisnull(result, row, 4)) /* null: none expires */
			metrics_set(METRIC_KEY_EXPIRY, labels,
				    (double)result_number(result, row, 4));
	}
}

/* A state without any is served as well, so that an alert sees it fall. */
static void
set_certificates(const PGresult *result)
{
	for (enum certificate_state state = CERTIFICATE_UNCHECKED; state <= CERTIFICATE_REVOKED;
	     state++) {
		g_autofree char *labels =
			g_strdup_printf("state=\"%s\"", certificate_state_name(state));
		double count = 0;

		for (int row = 0; row < PQntuples(result); row++)
			if (certificate_state_named(PQgetvalue(result, row, 0)) == state)
				count = (double)result_number(result, row, 1);
		metrics_set(METRIC_CERTIFICATES, labels, count);
	}
}

/* The rows of an evidence stand together. */
static void
set_tls(const PGresult *result)
{
	double failing = 0;

	for (int row = 0; row < PQntuples(result); row++) {
		const char *evidence = PQgetvalue(result, row, EVIDENCE);
		g_autofree char *label = g_strdup_printf("evidence=\"%s\"", evidence);
		g_autofree char *both =
			g_strdup_printf("%s,state=\"%s\"", label, PQgetvalue(result, row, STATE));

		if (row > 0 && strcmp(evidence, PQgetvalue(result, row - 1, EVIDENCE)) != 0)
			failing = 0;
		failing += (double)result_number(result, row, FAILING);
		metrics_set(METRIC_TLS_DOMAINS, both, (double)result_number(result, row, DOMAINS));
		metrics_set(METRIC_TLS_FAILING, label, failing);
	}
	metrics_set(METRIC_TLS_DEFERRED, "", (double)result_number(result, 0, DEFERRED));
}

static const struct {
	const struct statement *statement;
	void (*set)(const PGresult *result);
	bool asks_for_log; /* the statement's parameter is the log of this machine */
} figures[] = {
	{&count_outbox, set_outbox}, {&count_mta, set_mta, true},
	{&count_keys, set_keys},     {&count_certificates, set_certificates},
	{&count_tls, set_tls},	     {&count_approvals, set_approvals},
};

/* Figures that cannot be read are not served, which a monitor notices; the others are. */
static void
set_all(void *context)
{
	const struct courier *courier = context;
	g_autofree char *source = mta_log_source(courier->settings);
	struct fault fault;
	g_autoptr(connection_auto) connection = database_take(courier->database, &fault);

	if (connection == NULL) {
		log_warning("counting for the metrics: %s", fault.text);
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(figures); i++) {
		g_autoptr(PGresult) result = NULL;
		struct parameters parameters = {0};

		if (figures[i].asks_for_log)
			parameters_text(&parameters, source);
		if (connection_execute(connection, figures[i].statement, &parameters, &result,
				       &fault))
			figures[i].set(result);
		else
			log_warning("counting for the metrics: %s", fault.text);
	}
}

static void
expect_handled(void)
{
	static const char *const statuses[] = {"sent", "deferred", "failed"};

	for (size_t i = 0; outbox_kinds[i] != NULL; i++)
		for (size_t j = 0; j < G_N_ELEMENTS(statuses); j++) {
			g_autofree char *labels = g_strdup_printf("kind=\"%s\",status=\"%s\"",
								  outbox_kinds[i], statuses[j]);

			metrics_expect(METRIC_OUTBOX_HANDLED, labels);
		}
	discovery_expect();
	revocation_expect();
	domain_tls_expect();
	metrics_expect(METRIC_UNDELIVERED, "kind=\"code\"");
	metrics_expect(METRIC_UNDELIVERED, "kind=\"notice\"");
	metrics_expect(METRIC_UNDELIVERED, "kind=\"sms\"");
}

bool
figures_serve(struct courier *courier, struct fault *fault)
{
	expect_handled();
	log_read = g_get_monotonic_time();
	return metrics_serve(courier->settings->courier_metrics, set_all, courier, fault);
}
