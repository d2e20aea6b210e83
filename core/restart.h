/*
 * Settings that take effect only after a restart: when a program rereads postseal.conf (SIGHUP) and
 * does not use all of what it reads, it says so.
 */
#ifndef POSTSEAL_CORE_RESTART_H
#define POSTSEAL_CORE_RESTART_H

#include "core/settings.h"

/* The names of the settings that the program ("milter") read when it started and that have changed
 * since, such as "portal url, sms"; NULL: none. Caller frees. */
char *restart_settings(const struct settings *at_start, const struct settings *now,
		       const char *program);
/* The names of all settings that the program reads only when it starts. Caller frees. */
char *restart_needed_by(const char *program);
/* Logs one warning that names them, if there are any. */
void restart_warn(const struct settings *at_start, const struct settings *now, const char *program);

struct ring; /* core/seal/ring.h */

/* For a program that reads all its settings when it starts: the function for daemon_signals.reload,
 * and its context. */
struct restart {
	const char *config; /* path of postseal.conf */
	const struct settings *at_start;
	const char *program;
	struct ring *ring; /* of its key file, which is also reread; or NULL */
};
void restart_look(void *restart);

#endif
