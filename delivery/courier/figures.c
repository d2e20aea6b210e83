#include "delivery/courier/figures.h"

#include "core/database.h"
#include "core/log.h"
#include "core/metrics.h"
#include "keystore/discovery.h"
#include "keystore/domain_tls_asking.h"
#include "keystore/evidence.h"

static const struct statement count_outbox = {
	"figures_outbox",
	"select count(*), coalesce(extract(epoch from now() - min(created_at)), 0)::bigint,"
	" (select count(*) from postseal.parcel where issued_at is null) from postseal.outbox"};

static const struct statement count_mta = {
	"figures_mta",
	"select count(*), coalesce(extract(epoch from now() - min(m.since)), 0)::bigint,"
	" (select extract(epoch from now() - min(read_at))::bigint from postseal.mta_log where read_at > '-infinity')"
	" from postseal.mta_mail m where exists"
	"  (select from postseal.event e where e.message = m.message and e.what = 'deferred')"};

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

static void
set_outbox(const PGresult *result)
{
	metrics_set(METRIC_OUTBOX_MAILS, "", (double)result_number(result, 0, 0));
	metrics_set(METRIC_OUTBOX_OLDEST, "", (double)result_number(result, 0, 1));
	metrics_set(METRIC_PARCELS_WAITING, "", (double)result_number(result, 0, 2));
}

static void
set_mta(const PGresult *result)
{
	metrics_set(METRIC_MTA_DEFERRED, "", (double)result_number(result, 0, 0));
	metrics_set(METRIC_MTA_DEFERRED_OLDEST, "", (double)result_number(result, 0, 1));
	if (!PQgetisnull(result, 0, 2)) /* null: no log is followed yet */
		metrics_set(METRIC_MTA_LOG_AGE, "", (double)result_number(result, 0, 2));
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

static const struct {
	const struct statement *statement;
	void (*set)(const PGresult *result);
} figures[] = {
	{&count_outbox, set_outbox},
	{&count_mta, set_mta},
	{&count_keys, set_keys},
	{&count_certificates, set_certificates},
};

/* Figures that cannot be read are not served, which a monitor notices; the others are. */
static void
set_all(void *context)
{
	const struct courier *courier = context;
	struct fault fault;
	g_autoptr(connection_auto) connection = database_take(courier->database, &fault);

	if (connection == NULL) {
		log_warning("counting for the metrics: %s", fault.text);
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(figures); i++) {
		g_autoptr(PGresult) result = NULL;

		if (connection_execute(connection, figures[i].statement, NULL, &result, &fault))
			figures[i].set(result);
		else
			log_warning("counting for the metrics: %s", fault.text);
	}
}

static void
expect_handled(void)
{
	static const char *const kinds[] = {"copy",   "notice",	 "code",  "alert",
					    "bounce", "receipt", "reply", "account"};
	static const char *const statuses[] = {"sent", "deferred", "failed"};

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		for (size_t j = 0; j < G_N_ELEMENTS(statuses); j++) {
			g_autofree char *labels =
				g_strdup_printf("kind=\"%s\",status=\"%s\"", kinds[i], statuses[j]);

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
	return metrics_serve(courier->settings->courier_metrics, set_all, courier, fault);
}
