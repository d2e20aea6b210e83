#include "delivery/courier/expire.h"

static const struct statement begin = {"upkeep_begin", "begin"};
static const struct statement commit = {"upkeep_commit", "commit"};

/* A copy that was opened stays opened in the log; one that nobody read is expired, and its sender is
 * told. */
static const struct statement expire_copies = {
	"upkeep_expire_copies",
	"with due as (select c.id, p.message, p.sender, c.recipient, coalesce(p.receipt, 'mail') as form"
	"  from postseal.parcel_key k join postseal.parcel p on p.id = k.parcel join postseal.copy c on c.id = k.copy"
	"  where k.expires_at <= now() and c.state in ('parked', 'locked')),"
	" moved as (select due.*, postseal.copy_move(id, 'expired', 'nobody opened it in time') as is_moved from due) "
	"insert into postseal.receipt (parcel, message, sender, recipient, what, form, due_at)"
	" select null, message, sender, recipient, 'expired', form, now() from moved where is_moved"};

static const struct statement expire_keys = {
	"upkeep_expire_keys", "delete from postseal.parcel_key where expires_at <= now()"};

/* The database does it by itself, but not where two keys go at the same moment. */
static const struct statement expire_parcels = {
	"upkeep_expire_parcels",
	"delete from postseal.parcel p where created_at < now() - interval '1 minute'"
	" and not exists (select from postseal.parcel_key k where k.parcel = p.id)"};

static const struct statement expire_sessions = {
	"upkeep_expire_sessions", "delete from postseal.portal_session where expires_at <= now()"};

static const struct statement expire_proofs = {
	"upkeep_expire_proofs", "delete from postseal.address_proof where expires_at <= now()"};

static const struct statement expire_pages = {
	"upkeep_expire_pages", "delete from postseal.sender_page where created_at < now() - interval '1 year'"};

static const struct statement expire_throttles = {
	"upkeep_expire_throttles", "delete from postseal.throttle where until <= now()"};

static const struct statement forget_identities = {
	"upkeep_forget_identities",
	"delete from postseal.offer where offered_at < now() - $1 * interval '1 second'"};

static const struct statement forget_mta_mail = {
	"upkeep_forget_mta_mail",
	"delete from postseal.mta_mail where since < now() - $1 * interval '1 second' - interval '1 day'"};

bool
upkeep(struct database *database, const struct settings *settings, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);
	struct parameters lifetime = {0};

	parameters_number(&lifetime, (int64_t)settings->queue_lifetime);
	return connection != NULL && connection_execute(connection, &begin, NULL, NULL, fault) &&
	       connection_execute(connection, &expire_copies, NULL, NULL, fault) &&
	       connection_execute(connection, &expire_keys, NULL, NULL, fault) &&
	       connection_execute(connection, &expire_parcels, NULL, NULL, fault) &&
	       connection_execute(connection, &expire_sessions, NULL, NULL, fault) &&
	       connection_execute(connection, &expire_proofs, NULL, NULL, fault) &&
	       connection_execute(connection, &expire_throttles, NULL, NULL, fault) &&
	       connection_execute(connection, &expire_pages, NULL, NULL, fault) &&
	       connection_execute(connection, &forget_identities, &lifetime, NULL, fault) &&
	       connection_execute(connection, &forget_mta_mail, &lifetime, NULL, fault) &&
	       connection_execute(connection, &commit, NULL, NULL, fault);
}
