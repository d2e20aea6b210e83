#include "portal/activity.h"

#include "portal/web/throttle.h"

enum { QUARTER = 900 };

static const struct throttle noted = {"throttled noted", 1, QUARTER};

static const struct statement activity_put = {"activity_put",
					      "select postseal.activity_add($1, $2, $3, $4, $5)"};

bool
activity_add(struct connection *connection, const char *actor, const char *network,
	     const char *address, const char *what, const char *detail, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, actor);
	parameters_text(&parameters, network);
	parameters_text(&parameters, what);
	parameters_text(&parameters, address);
	parameters_text(&parameters, detail);
	return connection_execute(connection, &activity_put, &parameters, NULL, fault);
}

bool
activity_note(struct request *request, const char *address, const char *what, struct fault *fault)
{
	return activity_add(request->connection, "somebody", request->web.network, address, what,
			    request->web.browser, fault);
}

bool
activity_note_throttled(struct connection *connection, const struct throttle *throttle,
			const char *whom, const char *network, const char *address,
			struct fault *fault)
{
	g_autofree char *which = g_strdup_printf("%s|%s", throttle->what, whom);
	g_autofree char *limit = g_strdup_printf("limit: %s", throttle->what);
	bool is_new;

	return throttle_take(connection, &noted, which, &is_new, fault) &&
	       (!is_new ||
		activity_add(connection, "somebody", network, address == NULL ? network : address,
			     "too many attempts", limit, fault));
}
