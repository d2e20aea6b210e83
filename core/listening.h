/*
 * Is anything listening at an address as written in postseal.conf(5): "unix:/path", "host:port",
 * "inet:port@host"?
 */
#ifndef POSTSEAL_CORE_LISTENING_H
#define POSTSEAL_CORE_LISTENING_H

#include <stdbool.h>

#include "core/fault.h"

/* The path of a Unix socket, or NULL; borrowed from `place`. */
const char *listening_path(const char *place);
/* Could a program listen there? A Unix socket may be replaced. If not, errno says why. */
bool listening_is_free(const char *place);
/* A connection that the caller must close, or -1 with errno set. */
int listening_connect(const char *place);
/* Connects, and closes the connection again. `program` is named in the fault. */
bool listening_check(const char *place, const char *program, struct fault *fault);

#endif
