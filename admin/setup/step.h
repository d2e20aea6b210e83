/*
 * What `postseal setup` does, step by step. A step looks at what is there and makes what is
 * missing; it says each change in one line before it makes it, and overwrites nothing. So a run
 * that was interrupted is completed by the next one, and one more changes nothing.
 */
#ifndef POSTSEAL_ADMIN_SETUP_STEP_H
#define POSTSEAL_ADMIN_SETUP_STEP_H

#include "core/new_file.h"
#include "core/seal/key_file.h"
#include "core/settings.h"

struct setup {
	const char *config;	   /* path of postseal.conf */
	const char *actor;	   /* who runs it, for the record */
	struct settings *settings; /* of that file, or as it will be; from the first step on */
	/* The answers, from options or asked for; NULL where none was given. */
	char *organisation, *portal_url, *portal_listen, *database, *second_pass;
	char **domains; /* canonical */
	bool yes, no_wire, dry_run;
	bool terminal;	    /* somebody can be asked */
	const char *step;   /* its name */
	unsigned changes;   /* until now, of all steps */
	unsigned unsettled; /* what is left to the admin: how often setup_leaves() was called */
};

struct setup_step {
	const char *name;
	bool (*run)(struct setup *setup, struct fault *fault);
};

/* --- setup.c: what is said --- */

/* Before a change. False: it is not to be made (--dry-run). */
bool setup_says(struct setup *setup, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What is worth knowing. */
void setup_notes(const struct setup *setup, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, of what the admin must do. */
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

/* --- what several need --- */

/* users.c: of a program's user and its group; of what is not there: new_file_own. */
struct new_file_owner setup_owner(const char *user);
/* keys.c: who reads which key file; nobody but the caller, where that is not root. */
struct secret_owners setup_key_owners(const struct settings *settings);
/* units.c: does systemd start the programs here? */
bool setup_has_systemd(void);

#endif
