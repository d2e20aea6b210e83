/*
 * Settings that count only after a restart: a program that is told to read postseal.conf again
 * (SIGHUP) and does not use what it reads there says so.
 */
#ifndef POSTSEAL_CORE_RESTART_H
#define POSTSEAL_CORE_RESTART_H

#include "core/settings.h"

/* The names of the settings that the program ("milter") read at its start and that are others now,
 * "portal url, sms"; NULL: none. Caller frees. */
char *restart_settings(const struct settings *at_start, const struct settings *now,
		       const char *program);
/* The names of all that the program reads only at its start. Caller frees. */
char *restart_needed_by(const char *program);
/* Logs one warning that names them, where there are any. */
void restart_warn(const struct settings *at_start, const struct settings *now, const char *program);

/* For a program that reads all its settings at the start: what daemon_signals.reload is. */
struct restart {
	const char *config; /* path of postseal.conf */
	const struct settings *at_start;
	const char *program;
};
void restart_look(void *restart);

#endif
