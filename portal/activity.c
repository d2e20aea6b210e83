#include "portal/activity.h"

static const struct statement activity_put = {"activity_put",
					      "select postseal.activity_add($1, $2, $3, $4, $5)"};

bool
activity_note(struct request *request, const char *address, const char *what, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, "somebody");
	parameters_text(&parameters, request->web.network);
	parameters_text(&parameters, what);
	parameters_text(&parameters, address);
	parameters_text(&parameters, request->web.browser);
	return connection_execute(request->connection, &activity_put, &parameters, NULL, fault);
}
