#include "delivery/outbox/deputy.h"

#include "core/address.h"

/* postseal.employee_leave() waits for the lock. */
static const struct statement find = {
	"deputy_find", "select postseal.deputy_of($1) from pg_advisory_xact_lock_shared(85, 0)"};

bool
deputy_find(struct connection *connection, const char *sender, char **deputy_r, struct fault *fault)
{
	g_autofree char *folded = address_fold(sender);
	g_autoptr(PGresult) result = NULL;
	struct parameters parameters = {0};

	*deputy_r = NULL;
	parameters_text(&parameters, folded);
	if (!connection_execute(connection, &find, &parameters, &result, fault))
		return false;
	*deputy_r = g_strdup(result_text(result, 0, 0));
	return true;
}
