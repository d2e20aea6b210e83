/*
 * Verified TLS of domains (keystore/domain_tls_asking.h): what a message could not wait for, and
 * whatever is to be asked for again before its answer ends.
 */
#include "delivery/courier/chore.h"

static bool
ask(const struct courier *courier, bool *more_r, struct fault *fault)
{
	return courier->domain_tls == NULL || domain_tls_round(courier->domain_tls, more_r, fault);
}

const struct chore chore_domain_tls = {
	.name = "asking the network about verified TLS", .seconds = 5, .run = ask};
