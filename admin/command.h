/*
 * The admin's command, postseal(8): each folder brings its part as an array of these.
 */
#ifndef POSTSEAL_ADMIN_COMMAND_H
#define POSTSEAL_ADMIN_COMMAND_H

#include "core/database.h"
#include "core/settings.h"

struct policy;

struct admin {
	const char *config;    /* path of postseal.conf */
	struct policy *policy; /* NULL for a command that does not ask for it */
	const struct settings *settings;
	const char *actor;	   /* who gives the command, for the record */
	struct database *database; /* as the role that the caller has */
};

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
	const char *words;   /* "key import" */
	const char *usage;   /* what follows: "[--pin] FILE ..." */
	const char *summary; /* one line */
	/* argv[0] is the first word after the command's own. Returns an exit status. */
	int (*run)(const struct admin *admin, int argc, char **argv);
	bool needs_rules;   /* else an error in a rule or table does not keep it from running */
	bool needs_nothing; /* not even settings: there may be no postseal.conf yet */
};

/* Asks the database with texts as parameters, ending with NULL. */
bool command_ask(const struct admin *admin, const struct statement *statement,
		 const char *const *texts, PGresult **result_r, struct fault *fault);
/* One sentence on standard error; returns EXIT_FAILED. */
int command_fail(const struct fault *fault);
/* Prints the usage to standard error; returns EXIT_USAGE. */
int command_usage(const struct command *command);

#endif
