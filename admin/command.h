/*
 * The admin's command, postseal(8): each subject provides its commands as an array of these.
 *
 * postseal.c handles `--help` and `--json` for all of them. What a command does is recorded before
 * it starts, with its arguments and who gave it; a command that only reads could not change
 * anything even if it tried, except by waiting_recall() (admin/waiting.h).
 */
#ifndef POSTSEAL_ADMIN_COMMAND_H
#define POSTSEAL_ADMIN_COMMAND_H

#include "admin/report.h"
#include "core/database.h"
#include "core/settings.h"

struct keystore;
struct policy;
struct command;

struct admin {
	const char *config;	       /* path of postseal.conf */
	const struct command *command; /* the command being run */
	struct policy *policy;	       /* NULL for a command that does not need it */
	const struct settings *settings;
	const char *actor;	   /* who is running the command, for the record */
	struct database *database; /* with the privileges of the caller's role */
	bool as_json;		   /* the output is for programs (report.h) */
};

enum {
	EXIT_GOOD = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_MISSING = 3, /* what was named does not exist, or nothing can be done to it */
};

struct command {
	const char *words;   /* "key import" */
	const char *usage;   /* what follows the name: "[--pin] FILE ..." */
	const char *summary; /* one line */
	/* argv[0] is the first word after the command's name. Returns an exit status. */
	int (*run)(const struct admin *admin, int argc, char **argv);
	bool needs_rules;    /* if false, the command runs even if a rule or table has an error */
	bool needs_nothing;  /* not even settings: there may be no postseal.conf yet */
	bool reads;	     /* changes nothing in the database */
	bool makes_database; /* so nothing can be recorded beforehand */
	bool is_dialogue;    /* needs a person at the terminal: no --json */
	const char *example; /* an example of the arguments: "--pin sue.pem" */
	const char *former;  /* what it was called once: scripts may still say so; or NULL */
};

/* Queries the database with text parameters, ending with NULL. */
bool command_ask(const struct admin *admin, const struct statement *statement,
		 const char *const *texts, PGresult **result_r, struct fault *fault);
/* For a command that is a single query: prints the rows of its result. */
int command_answer(const struct admin *admin, const struct statement *statement,
		   const char *const *texts, report_form *form);
/* The same, where its only operand is an address, folded for the question, or "" where there is
 * none. */
int command_answer_about(const struct admin *admin, int argc, char **argv,
			 const struct statement *statement, report_form *form);
/* The keys as the milter knows them, from every source that is in use; private ones only if
 * `keeper`, the keeper's socket, is not NULL. `keeps`: for many look-ups in a row, what was read is
 * kept until the database reports a change. The caller frees it with keystore_free(). */
struct keystore *command_keystore(const struct admin *admin, const char *keeper, bool keeps);
/* Records who gave which command, before it takes effect. */
bool command_record(const struct admin *admin, int argc, char **argv, struct fault *fault);
/* The arguments of a command that has no options of its own, ending with NULL. NULL: wrong usage.
 */
char **command_operands(int argc, char **argv, int least, int most);
/* The same, of a command whose only option is this one, without a value: "all". */
char **command_operands_with(int argc, char **argv, const char *option, bool *given_r, int least,
			     int most);
/* The value of `--limit`, in the form that SQL takes; false if it is not a number. */
bool command_limit(const char *text);

/* Prints one sentence to standard error; returns EXIT_FAILED, or EXIT_MISSING. */
int command_fail(const struct fault *fault);
int command_missing(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints the usage to standard error; returns EXIT_USAGE. */
int command_usage(const struct command *command);
/* "usage: postseal key list [--json] [ADDRESS]" and the end of the line. */
void command_print_usage(FILE *file, const struct command *command);

#endif
