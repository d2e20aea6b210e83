/*
 * Where a program listens for the MTA, which speaks the milter protocol there (libmilter).
 */
#ifndef POSTSEAL_MILTER_SOCKET_H
#define POSTSEAL_MILTER_SOCKET_H

#include <libmilter/mfapi.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/fault.h"

struct milter_socket {
	const char *listen; /* "unix:/path" or "inet:8891@localhost"; as long as the program runs */
	/* Of a Unix socket: who may connect, and whose it is. */
	const char *group; /* "": that of its directory or program */
	mode_t mode;
	const char *user; /* as whom the program runs, once it has given up root */
};

/* Opens it, also as root; a socket left behind by an earlier run is removed. smfi_main() then
 * serves the MTA until SIGTERM, and leaves SIGHUP to daemon_watch_signals(). */
bool milter_socket_open(const struct milter_socket *socket, struct smfiDesc callbacks,
			struct fault *fault);

#endif
