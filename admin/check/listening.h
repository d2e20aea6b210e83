/*
 * Does somebody listen at an address as postseal.conf(5) writes it: "unix:/path", "host:port",
 * "inet:port@host"?
 */
#ifndef POSTSEAL_ADMIN_CHECK_LISTENING_H
#define POSTSEAL_ADMIN_CHECK_LISTENING_H

#include <stdbool.h>

#include "core/fault.h"

/* The path of a Unix socket, or NULL; borrowed from `place`. */
const char *listening_path(const char *place);
/* Could a program listen there? A Unix socket may be replaced. Where not, errno says why. */
bool listening_is_free(const char *place);
/* A connection of the caller's, or -1, and errno says why. */
int listening_connect(const char *place);
/* Connects, and closes again. `program` is named in the fault. */
bool listening_check(const char *place, const char *program, struct fault *fault);

#endif
