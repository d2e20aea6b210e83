/*
 * The admin's command, postseal(8): each subject brings its part as an array of these.
 *
 * `--help` and `--json` are taken by postseal.c for all of them. What a command does is on record
 * before it begins, with the words that were given and whoever gave them; one that only reads could
 * not change anything if it tried.
 */
#ifndef POSTSEAL_ADMIN_COMMAND_H
#define POSTSEAL_ADMIN_COMMAND_H

#include "admin/report.h"
#include "core/database.h"
#include "core/settings.h"

struct policy;
struct command;

struct admin {
	const char *config;	       /* path of postseal.conf */
	const struct command *command; /* the one that runs */
	struct policy *policy;	       /* NULL for a command that does not ask for it */
	const struct settings *settings;
	const char *actor;	   /* who gives the command, for the record */
	struct database *database; /* as the role that the caller has */
	bool as_json;		   /* the answer is for programs (report.h) */
};

enum {
	EXIT_GOOD = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_MISSING = 3, /* what was named is not there, or there is nothing to be done to it */
};

struct command {
	const char *words;   /* "key import" */
	const char *usage;   /* what follows: "[--pin] FILE ..." */
	const char *summary; /* one line */
	/* argv[0] is the first word after the command's own. Returns an exit status. */
	int (*run)(const struct admin *admin, int argc, char **argv);
	bool needs_rules;    /* else an error in a rule or table does not keep it from running */
	bool needs_nothing;  /* not even settings: there may be no postseal.conf yet */
	bool reads;	     /* changes nothing in the database */
	bool makes_database; /* so nothing can be on record before */
	bool is_dialogue;    /* with the person at the terminal: no --json */
	const char *example; /* what follows the words: "--pin sue.pem" */
};

/* Asks the database with texts as parameters, ending with NULL. */
bool command_ask(const struct admin *admin, const struct statement *statement,
		 const char *const *texts, PGresult **result_r, struct fault *fault);
/* The whole of a command that is one question: prints the rows of its answer. */
int command_answer(const struct admin *admin, const struct statement *statement,
		   const char *const *texts, report_form *form);
/* Puts down who gave which command, before it takes effect. */
bool command_record(const struct admin *admin, int argc, char **argv, struct fault *fault);
/* What was given to a command without options of its own, ending with NULL. NULL: wrong usage. */
char **command_operands(int argc, char **argv, int least, int most);
/* The number of `--limit`, as SQL takes it; false: it is none. */
bool command_limit(const char *text);

/* One sentence on standard error; returns EXIT_FAILED, or EXIT_MISSING. */
int command_fail(const struct fault *fault);
int command_missing(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints the usage to standard error; returns EXIT_USAGE. */
int command_usage(const struct command *command);
/* "usage: postseal key list [--json] [ADDRESS]" and the end of the line. */
void command_print_usage(FILE *file, const struct command *command);

#endif
