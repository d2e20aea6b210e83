/*
 * Deletes large files that nobody has any more, and uploads that were abandoned, some pieces at a
 * time: one of two gigabytes is not removed in one transaction, for which others would wait.
 */
#include "delivery/courier/chore.h"

enum { PIECES_MAX = 32 }; /* in one round */

static const struct statement sweep_files = {"large_files_sweep",
					     "select postseal.large_files_sweep($1)"};

static bool
sweep(const struct courier *courier, bool *more_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);
	g_autoptr(PGresult) result = NULL;
	struct parameters parameters = {0};

	parameters_number(&parameters, PIECES_MAX);
	if (connection == NULL ||
	    !connection_execute(connection, &sweep_files, &parameters, &result, fault))
		return false;
	*more_r = result_flag(result, 0, 0);
	return true;
}

const struct chore chore_large_files = {
	.name = "deleting large files", .seconds = 60, .run = sweep};
