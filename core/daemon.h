/*
 * What the daemons have in common: a system user without rights, signals, and word to
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

/* The exit status where the configuration cannot be read (EX_CONFIG of sysexits.h): starting again
 * does not help, and systemd does not try. */
enum { EXIT_CONFIGURATION = 78 };

/* Switches to `user` with its groups; does nothing if we are not root. */
bool daemon_drop_privileges(const char *user, struct fault *fault);

/* Lets the group ("": as it is) use a Unix socket, with these permissions. */
bool daemon_share_socket(const char *path, const char *group, mode_t mode, struct fault *fault);

/* Delivers SIGHUP, SIGTERM and SIGINT to a
 * thread of its own. They are blocked since daemon_begin(). */
struct daemon_signals {
	void (*reload)(void *context); /* SIGHUP; NULL: nothing to do */
	void (*stop)(void *context);   /* SIGTERM, SIGINT; called once. NULL: left alone */
	void *context;
};
void daemon_watch_signals(const struct daemon_signals *signals);

void daemon_ready(const char *status);
void daemon_stopping(void);

#endif
