/*
 * What `postseal setup` does, step by step. A step looks at what is there and creates what is
 * missing; it announces each change in one line before making it, and overwrites nothing. So a run
 * that was interrupted is completed by the next one, and another run changes nothing.
 */
#ifndef POSTSEAL_ADMIN_SETUP_STEP_H
#define POSTSEAL_ADMIN_SETUP_STEP_H

#include "core/new_file.h"
#include "core/seal/key_file.h"
#include "core/settings.h"

struct setup {
	const char *config; /* path of postseal.conf */
	const char *actor;  /* who runs it, for the record */
	struct settings
		*settings; /* from that file, or as it will be; set from the first step on */
	/* The answers, from options or asked for; NULL if none was given. */
	char *organisation, *portal_url, *portal_listen, *database, *second_pass;
	char **domains; /* canonical */
	bool yes, no_wire, dry_run;
	bool terminal;	    /* there is someone to ask */
	const char *step;   /* its name */
	unsigned changes;   /* so far, by all steps */
	unsigned unsettled; /* what is left to the admin: the number of setup_leaves() calls */
};

struct setup_step {
	const char *name;
	bool (*run)(struct setup *setup, struct fault *fault);
};

/* --- setup.c: what is printed --- */

/* Announces a change. False: it is not to be made (--dry-run). */
bool setup_says(struct setup *setup, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Something worth knowing. */
void setup_notes(const struct setup *setup, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, for something the admin must do. */
void setup_leaves(struct setup *setup, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- the steps --- */

bool setup_configuration(struct setup *setup, struct fault *fault);
bool setup_users(struct setup *setup, struct fault *fault);
bool setup_directories(struct setup *setup, struct fault *fault);
bool setup_keys(struct setup *setup, struct fault *fault);
bool setup_database(struct setup *setup, struct fault *fault);
bool setup_units(struct setup *setup, struct fault *fault);
bool setup_wiring(struct setup *setup, struct fault *fault);

/* --- shared by several steps --- */

/* users.c: owner and group for a program's files; if they do not exist: new_file_own. */
struct new_file_owner setup_owner(const char *user);
/* keys.c: who can read which key file; if not run as root, only the caller. */
struct secret_owners setup_key_owners(const struct settings *settings);
/* units.c: does systemd start the programs here? */
bool setup_has_systemd(void);

#endif
