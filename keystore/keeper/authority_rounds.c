#include "keystore/keeper/authority_rounds.h"

#include <string.h>

#include "core/listener.h"
#include "core/log.h"
#include "keystore/keeper/directory.h"
#include "keystore/keeper/issue.h"
#include "keystore/keeper/revocation_list.h"

enum { ROUND_SECONDS = 60 };

/* Authorities whose list is missing, lacks a revocation, or is in the last half of its time. One
 * that has expired needs no list any more. */
static const struct statement rounds_lists = {"rounds_lists", "select postseal.ca_lists_due()"};

static const struct statement rounds_wishes = {
	"rounds_wishes",
	"select address from postseal.ca_wish where tried_at is null or tried_at < now() - interval '10 minutes' "
	"order by wished_at limit 20"};

/* Of certificates: unless the employee has one that is still good, wherever it came from; there
 * would be nothing to do, and such rows would be taken again and again. In any order, so that those
 * that cannot be renewed keep no others waiting. */
static const struct statement rounds_renewals = {
	"rounds_renewals",
	"select i.address from postseal.ca_issued i join postseal.key k using (kind, fingerprint) "
	"where i.kind = 'smime' and i.revoked_at is null and k.role = 'own'"
	" and i.not_after <= now() + $1::bigint * interval '1 second'"
	" and not exists (select from postseal.key_address a join postseal.key n on n.id = a.key"
	"  where a.address = i.address and n.kind = i.kind and n.role = 'own'"
	"   and (n.not_after is null or n.not_after > now() + $1::bigint * interval '1 second')) "
	"group by i.address order by random() limit 20"};

/* OpenPGP keys: what to do, the key, and why. */
static const struct statement rounds_openpgp = {
	"rounds_openpgp",
	"select i.fingerprint, i.reason from postseal.ca_issued i join postseal.key k using (kind, fingerprint) "
	"where i.kind = 'pgp' and (i.revoked_at is not null and i.published_at is null"
	" or i.revoked_at is null and k.role = 'own' and i.not_after <= now() + $1::bigint * interval '1 second') "
	"order by i.revoked_at is null, random() limit 20"};

static const struct statement rounds_wish_end = {"rounds_wish_end",
						 "select postseal.ca_wish_end($1, $2)"};

struct authority_rounds {
	const struct issuing *issuing;
	struct listener *listener;
	GThread *thread;
	GMutex lock;
	GCond wake;
	bool called, stop;
};

/* Rows to work on, before anything is done: the work takes connections of its own. */
static PGresult *
rows_of(const struct issuing *issuing, const struct statement *statement, bool has_time)
{
	struct fault fault;
	g_autoptr(connection_auto) connection = database_take(issuing->database, &fault);
	struct parameters parameters = {0};
	PGresult *result = NULL;

	if (has_time)
		parameters_number(&parameters, (int64_t)issuing->settings->ca_renew);
	if (connection == NULL ||
	    !connection_execute(connection, statement, &parameters, &result, &fault))
		log_warning("looking for what the authority has to do: %s", fault.text);
	return result;
}

static void
make_lists(const struct issuing *issuing)
{
	g_autoptr(PGresult) rows = rows_of(issuing, &rounds_lists, false);
	struct fault fault;

	for (int row = 0; rows != NULL && row < PQntuples(rows); row++)
		if (!revocation_list_make(issuing, PQgetvalue(rows, row, 0), &fault))
			log_error("%s", fault.text);
}

static void
end_wish(const struct issuing *issuing, const char *address, const char *trouble)
{
	struct fault fault;
	g_autoptr(connection_auto) connection = database_take(issuing->database, &fault);
	struct parameters parameters = {0};

	parameters_text(&parameters, address);
	parameters_text(&parameters, trouble);
	if (connection == NULL ||
	    !connection_execute(connection, &rounds_wish_end, &parameters, NULL, &fault))
		log_warning("noting what became of the keys for %s: %s", address, fault.text);
}

static void
issue_rows(const struct issuing *issuing, const struct statement *statement, bool has_time,
	   enum issue_reason why)
{
	const struct issue_order order = {.why = why, .actor = "postseal-keeper"};
	g_autoptr(PGresult) rows = rows_of(issuing, statement, has_time);

	for (int row = 0; rows != NULL && row < PQntuples(rows); row++) {
		const char *address = PQgetvalue(rows, row, 0);
		struct fault fault;
		bool issued = issue_keys(issuing, address, &order, &fault);

		if (!issued)
			log_error("%s", fault.text);
		if (why == ISSUE_WISHED)
			end_wish(issuing, address, issued ? NULL : fault.text);
	}
}

static void
tend_openpgp(const struct issuing *issuing)
{
	g_autoptr(PGresult) rows = rows_of(issuing, &rounds_openpgp, true);
	struct fault fault;

	for (int row = 0; rows != NULL && row < PQntuples(rows); row++) {
		const char *fingerprint = PQgetvalue(rows, row, 0);
		const char *reason = result_text(rows, row, 1);

		if (!(reason == NULL
			      ? issue_extend(issuing, fingerprint, &fault)
			      : issue_publish_revocation(issuing, fingerprint, reason, &fault)))
			log_error("%s", fault.text);
	}
}

/* Revocations first: somebody may be waiting for them. */
static void
go_round(const struct issuing *issuing)
{
	struct fault fault;

	make_lists(issuing);
	tend_openpgp(issuing);
	issue_rows(issuing, &rounds_wishes, false, ISSUE_WISHED);
	issue_rows(issuing, &rounds_renewals, true, ISSUE_RENEWED);
	if (!directory_fill(issuing, &fault))
		log_error("%s", fault.text);
}

static bool
wait_for_call(struct authority_rounds *rounds)
{
	gint64 until = g_get_monotonic_time() + ROUND_SECONDS * G_TIME_SPAN_SECOND;
	bool go_on;

	g_mutex_lock(&rounds->lock);
	while (!rounds->stop && !rounds->called &&
	       g_cond_wait_until(&rounds->wake, &rounds->lock, until))
		;
	rounds->called = false;
	go_on = !rounds->stop;
	g_mutex_unlock(&rounds->lock);
	return go_on;
}

static gpointer
work(gpointer data)
{
	struct authority_rounds *rounds = data;

	do
		go_round(rounds->issuing);
	while (wait_for_call(rounds));
	return NULL;
}

static void
call(struct authority_rounds *rounds, bool stop)
{
	g_mutex_lock(&rounds->lock);
	rounds->called = true;
	rounds->stop |= stop;
	g_cond_signal(&rounds->wake);
	g_mutex_unlock(&rounds->lock);
}

static void
hear(void *context, const char *payload)
{
	(void)payload;
	call(context, false);
}

struct authority_rounds *
authority_rounds_start(const struct issuing *issuing, const struct database_settings *listen)
{
	struct authority_rounds *rounds = g_new0(struct authority_rounds, 1);

	rounds->issuing = issuing;
	g_mutex_init(&rounds->lock);
	g_cond_init(&rounds->wake);
	rounds->listener = listener_start(listen, "postseal_ca", hear, rounds);
	rounds->thread = g_thread_new("authority", work, rounds);
	return rounds;
}

void
authority_rounds_stop(struct authority_rounds *rounds)
{
	listener_stop(rounds->listener);
	call(rounds, true);
	g_thread_join(rounds->thread);
	g_mutex_clear(&rounds->lock);
	g_cond_clear(&rounds->wake);
	g_free(rounds);
}
