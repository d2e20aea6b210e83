/*
 * Deletes expired parcels with their keys, ended sessions, and the records that the MTA's offers
 * and its log no longer need.
 */
#include "audit/audit.h"
#include "delivery/courier/chore.h"
#include "delivery/outbox/receipt.h"

enum { COPIES_MAX = 500 }; /* in one round */

/* A copy that was opened stays "opened" in the log; one that nobody read becomes expired, and its
 * sender is told. */
static const struct statement copies_due = {
	"expire_copies_due",
	"select c.id, p.message, p.sender, c.recipient, p.receipt from postseal.parcel_key k"
	" join postseal.parcel p on p.id = k.parcel join postseal.copy c on c.id = k.copy "
	"where k.expires_at <= now() and c.state in ('parked', 'locked', 'failed') limit $1 for update of k skip locked"};
enum { COPY, MESSAGE, SENDER, RECIPIENT, RECEIPT };

static const struct statement expire_keys = {
	"expire_keys",
	"delete from postseal.parcel_key k where expires_at <= now()"
	" and not exists (select from postseal.copy c where c.id = k.copy and c.state in ('parked', 'locked', 'failed'))"};

/* Deleting the parcel's last key does this in the database, but not if two keys are deleted at the
 * same moment. */
static const struct statement expire_parcels = {
	"expire_parcels",
	"delete from postseal.parcel p where created_at < now() - interval '1 minute'"
	" and not exists (select from postseal.parcel_key k where k.parcel = p.id)"
	" and not exists (select from postseal.held_key h where h.parcel = p.id)"};

static const struct statement release_held = {"expire_held", "select postseal.held_keys_release()"};

static const struct statement expire_sessions = {
	"expire_sessions", "delete from postseal.portal_session where expires_at <= now()"};

static const struct statement expire_proofs = {
	"expire_proofs", "delete from postseal.address_proof where expires_at <= now()"};

static const struct statement expire_trust_links = {
	"expire_trust_links", "delete from postseal.trust_link where expires_at <= now()"};

static const struct statement expire_unsaved = {
	"expire_unsaved", "delete from postseal.unsaved where expires_at <= now()"};

static const struct statement forget_gone_links = {
	"forget_gone_links",
	"delete from postseal.gone_link where gone_at < now() - interval '1 year'"};

static const struct statement forget_gone_keys = {
	"forget_gone_keys",
	"delete from postseal.gone_key where gone_at < now() - interval '1 year'"};

static const struct statement forget_approvals = {"forget_approvals",
						  "select postseal.approvals_forget()"};

static const struct statement expire_pages = {
	"expire_pages",
	"delete from postseal.sender_page where created_at < now() - interval '1 year'"};

static const struct statement expire_throttles = {
	"expire_throttles", "delete from postseal.throttle where until <= now()"};

static const struct statement forget_identities = {
	"forget_identities",
	"delete from postseal.offer where offered_at < now() - $1 * interval '1 second'"
	" or (heard and offered_at < now() - interval '1 hour')"};

static const struct statement forget_decided = {
	"forget_decided", "delete from postseal.decided where until <= now()"};

static const struct statement forget_mta_mail = {
	"forget_mta_mail",
	"delete from postseal.mta_mail where since < now() - $1 * interval '1 second' - interval '1 day'"};

static const struct statement forget_returned = {
	"forget_returned", "select postseal.returned_forget($1 * interval '1 second')"};

static bool
expire_copy(struct connection *connection, const struct settings *settings, const PGresult *rows,
	    int row, struct fault *fault)
{
	const struct receipt receipt = {.message = PQgetvalue(rows, row, MESSAGE),
					.sender = PQgetvalue(rows, row, SENDER),
					.recipient = PQgetvalue(rows, row, RECIPIENT),
					.what = "expired",
					.form = result_text(rows, row, RECEIPT)};

	return audit_move_copy(connection, PQgetvalue(rows, row, COPY), COPY_EXPIRED,
			       "nobody opened it in time", fault) &&
	       receipt_note(connection, settings, &receipt, fault);
}

static bool
expire_copies(struct connection *connection, const struct settings *settings, bool *more_r,
	      struct fault *fault)
{
	g_autoptr(PGresult) rows = NULL;
	struct parameters parameters = {0};
	bool done;

	parameters_number(&parameters, COPIES_MAX);
	if (!connection_execute(connection, &copies_due, &parameters, &rows, fault))
		return false;
	*more_r = PQntuples(rows) == COPIES_MAX;
	done = PQntuples(rows) == 0 || batch_begin(connection, fault);
	for (int row = 0; row < PQntuples(rows) && done; row++)
		done = expire_copy(connection, settings, rows, row, fault);
	return done && (PQntuples(rows) == 0 || batch_commit(connection, fault));
}

static bool
delete_expired(struct connection *connection, const struct settings *settings, struct fault *fault)
{
	static const struct statement *const statements[] = {
		&expire_keys,	     &forget_decided, &release_held,	  &expire_parcels,
		&expire_sessions,    &expire_proofs,  &expire_throttles,  &expire_pages,
		&expire_trust_links, &expire_unsaved, &forget_gone_links, &forget_gone_keys,
		&forget_approvals};
	struct parameters lifetime = {0};

	for (size_t i = 0; i < G_N_ELEMENTS(statements); i++)
		if (!connection_execute(connection, statements[i], NULL, NULL, fault))
			return false;
	parameters_number(&lifetime, (int64_t)settings->queue_lifetime);
	return connection_execute(connection, &forget_identities, &lifetime, NULL, fault) &&
	       connection_execute(connection, &forget_mta_mail, &lifetime, NULL, fault) &&
	       connection_execute(connection, &forget_returned, &lifetime, NULL, fault);
}

static bool
expire(const struct courier *courier, bool *more_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);

	return connection != NULL && transaction_begin(connection, fault) &&
	       expire_copies(connection, courier->settings, more_r, fault) &&
	       delete_expired(connection, courier->settings, fault) &&
	       transaction_commit(connection, fault);
}

const struct chore chore_expire = {
	.name = "deleting what has expired", .seconds = 60, .run = expire};
