/*
 * What the daemons have in common: an unprivileged system user, signals, and notifications to
 * systemd (sd_notify(3)). All of them stay in the foreground.
 */
#ifndef POSTSEAL_CORE_DAEMON_H
#define POSTSEAL_CORE_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/fault.h"

/* Reads the options -f FILE and -s (log to syslog), opens the log, blocks signals for
 * daemon_watch_signals() and starts libsodium. Returns the path of postseal.conf; exits if
 * that fails. */
const char *daemon_begin(int argc, char **argv, const char *name);

/* The exit status if the configuration cannot be read (EX_CONFIG of sysexits.h): starting again
 * would not help, and systemd does not try. */
enum { EXIT_CONFIGURATION = 78 };

/* Switches to `user` and its groups; does nothing if we are not root. */
bool daemon_drop_privileges(const char *user, struct fault *fault);

/* Listens at a Unix socket, which may be left behind by an earlier run, for connections of `type`
 * (SOCK_STREAM, SOCK_SEQPACKET) that do not block, and shares it as below. -1 with `fault` filled
 * on failure. */
int daemon_listen(const char *path, int type, int backlog, const char *group, mode_t mode,
		  struct fault *fault);
/* The same at "host:port" or "[address]:port" for TCP. `example` completes the sentence about a
 * place that is none. */
int daemon_listen_on_host(const char *place, int backlog, const char *example, struct fault *fault);
/* How many connections a program can have that needs so many descriptors for other things. */
unsigned daemon_connections(unsigned other_descriptors);

/* Lets the group ("": unchanged) use a Unix socket, and sets its permissions. */
bool daemon_share_socket(const char *path, const char *group, mode_t mode, struct fault *fault);

/* Delivers SIGHUP, SIGTERM and SIGINT to a thread of its own. daemon_begin() has blocked them. */
struct daemon_signals {
	void (*reload)(void *context); /* SIGHUP; NULL: does nothing */
	void (*stop)(void *context);   /* SIGTERM, SIGINT; called once. NULL: not handled */
	void *context;
};
void daemon_watch_signals(const struct daemon_signals *signals);

void daemon_ready(const char *status);
void daemon_stopping(void);

#endif
