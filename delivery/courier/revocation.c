/*
 * Whether certificates that mail needs were revoked (keystore/revocation.h): what a message could
 * not wait for, and whatever is to be asked for again before its answer ends.
 */
#include "delivery/courier/chore.h"

static bool
ask(const struct courier *courier, bool *more_r, struct fault *fault)
{
	return revocation_round(courier->revocation, more_r, fault);
}

const struct chore chore_revocation = {
	.name = "asking whether certificates were revoked", .seconds = 5, .run = ask};
