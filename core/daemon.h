/*
 * What the daemons have in common: a system user without rights, signals, and word to
 * systemd (sd_notify(3)). All of them stay in the foreground.
 */
#ifndef POSTSEAL_CORE_DAEMON_H
#define POSTSEAL_CORE_DAEMON_H

#include <stdbool.h>

#include "core/fault.h"

/* Becomes `user` with its groups; nothing happens where we are not root. */
bool daemon_drop_privileges(const char *user, struct fault *fault);

/* Blocks SIGHUP, SIGTERM and SIGINT in this and all later threads and delivers them to a
 * thread of its own. Call it before any other thread is made. */
struct daemon_signals {
	void (*reload)(void *context); /* SIGHUP; NULL: nothing to do */
	void (*stop)(void *context);   /* SIGTERM, SIGINT; called once. NULL: left alone */
	void *context;
};
void daemon_block_signals(void);
void daemon_watch_signals(const struct daemon_signals *signals);

void daemon_ready(const char *status);
void daemon_stopping(void);

#endif
