/*
 * The beginning of the milter protocol, spoken as the MTA does: who answers, and does it take what
 * Postfix offers?
 */
#ifndef POSTSEAL_ADMIN_CHECK_NEGOTIATION_H
#define POSTSEAL_ADMIN_CHECK_NEGOTIATION_H

#include <stdbool.h>

#include "core/fault.h"

/* `address` as Postfix has it: "unix:path", from the directory where the process stands, or
 * "inet:host:port". */
bool negotiation_check(const char *address, struct fault *fault);

#endif
