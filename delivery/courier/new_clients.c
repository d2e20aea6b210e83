/* Tells members that an application password was used from a network for the first time. */
#include "delivery/courier/chore.h"
#include "delivery/outbox/notice.h"

enum { AT_ONCE = 50 };

static const struct statement take = {
	"new_client_take",
	"with taken as (delete from postseal.new_client where id in"
	"  (select id from postseal.new_client order by id limit $1 for update skip locked)"
	"  returning id, account, password, network, at) "
	"select a.shown, a.language, t.password, t.network, extract(epoch from t.at)::bigint "
	"from taken t join postseal.account a on a.id = t.account order by t.id"};
enum { ADDRESS, LANGUAGE, PASSWORD, NETWORK, AT };

static bool
tell(const struct courier *courier, struct connection *connection, const PGresult *rows, int row,
     struct fault *fault)
{
	const char *address = PQgetvalue(rows, row, ADDRESS);
	const struct notice notice = {.settings = courier->settings,
				      .courier = ring_sealing(courier->ring),
				      .connection = connection,
				      .smtputf8 = !g_str_is_ascii(address)};
	const struct notice_use use = {.password = PQgetvalue(rows, row, PASSWORD),
				       .network = PQgetvalue(rows, row, NETWORK),
				       .at = result_number(rows, row, AT)};

	return notice_application_used(&notice, address, PQgetvalue(rows, row, LANGUAGE), &use,
				       fault);
}

static bool
tell_all(const struct courier *courier, struct connection *connection, const PGresult *rows,
	 struct fault *fault)
{
	bool done = batch_begin(connection, fault);

	for (int row = 0; row < PQntuples(rows) && done; row++)
		done = tell(courier, connection, rows, row, fault);
	return done && batch_commit(connection, fault);
}

static bool
run(const struct courier *courier, bool *more_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);
	g_autoptr(PGresult) rows = NULL;
	struct parameters parameters = {0};

	parameters_number(&parameters, AT_ONCE);
	if (connection == NULL || !transaction_begin(connection, fault) ||
	    !connection_execute(connection, &take, &parameters, &rows, fault))
		return false;
	*more_r = PQntuples(rows) == AT_ONCE;
	return (PQntuples(rows) == 0 || tell_all(courier, connection, rows, fault)) &&
	       transaction_commit(connection, fault);
}

const struct chore chore_new_clients = {
	.name = "telling members of mail programs in new places", .seconds = 5, .run = run};
