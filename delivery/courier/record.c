/*
 * Deletes old records: they are kept as long as the organisation says (setting: record years);
 * older ones that are not on hold are deleted in batches, each of which leaves a row that says what
 * was deleted (089_record_deletion.sql).
 */
#include "delivery/courier/chore.h"

enum { AT_ONCE = 1000 }; /* messages */

static const struct statement delete_due = {"record_delete_due",
					    "select postseal.record_delete_due($1, $2)"};

static bool
delete_some(const struct courier *courier, struct connection *connection, bool *more_r,
	    struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;
	struct parameters parameters = {0};

	parameters_number(&parameters, (int64_t)courier->settings->record_years);
	parameters_number(&parameters, AT_ONCE);
	if (!connection_execute(connection, &delete_due, &parameters, &result, fault))
		return false;
	*more_r = result_flag(result, 0, 0);
	return true;
}

static bool
run(const struct courier *courier, bool *more_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;

	if (courier->settings->record_years == 0)
		return true;
	connection = database_take(courier->database, fault);
	return connection != NULL && transaction_begin(connection, fault) &&
	       delete_some(courier, connection, more_r, fault) &&
	       transaction_commit(connection, fault);
}

const struct chore chore_record = {
	.name = "deleting what of the record is old enough", .seconds = 3600, .run = run};
