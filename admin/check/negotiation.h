/*
 * The beginning of the milter protocol, spoken as the MTA does: who replies, and does it accept
 * what Postfix offers?
 */
#ifndef POSTSEAL_ADMIN_CHECK_NEGOTIATION_H
#define POSTSEAL_ADMIN_CHECK_NEGOTIATION_H

#include <stdbool.h>

#include "core/fault.h"

/* `address` as Postfix writes it: "unix:path", relative to the current directory, or
 * "inet:host:port". */
bool negotiation_check(const char *address, struct fault *fault);
/* Does anybody listen at this address, as written in postseal.conf(5)? A milter is not left without
 * a word, which our own would log. */
bool negotiation_listens(const char *listen, struct fault *fault);

#endif
