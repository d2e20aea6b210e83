/*
 * Keys from the network (keystore/discovery.h): what a message could not wait for, and whatever is
 * to be asked for again before its answer ends.
 */
#include "delivery/courier/chore.h"

static bool
ask(const struct courier *courier, bool *more_r, struct fault *fault)
{
	return courier->discovery == NULL || discovery_round(courier->discovery, more_r, fault);
}

const struct chore chore_keys = {.name = "asking the network for keys", .seconds = 5, .run = ask};
