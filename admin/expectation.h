/*
 * What an admin expects of the rules, one line each, in the words of postseal.conf(5):
 *
 *     from "anna@example.com" to "sue@x.example" file "mail.eml" gives smime by "patients"
 */
#ifndef POSTSEAL_ADMIN_EXPECTATION_H
#define POSTSEAL_ADMIN_EXPECTATION_H

#include "core/cleanup.h"
#include "core/configuration.h"

/* The texts belong to the line. */
struct expectation {
	struct place place;
	const char *from;
	GPtrArray *to; /* const char * */
	const char *user, *client, *time;
	bool is_portal;	  /* a member writes it in the portal */
	const char *file; /* path of the message, from the directory of the expectations */
	const char *subject, *text; /* or what it consists of */
	GPtrArray *gives;	    /* const char *: methods, or "reject" or "wait" alone */
	bool is_exact;		    /* the rule names no other methods after these */
	const char *by;		    /* the name of the rule, or NULL */
};

/* Who is in a table of the rules, instead of asking its directory or the database:
 *
 *     table lawyers { "anna@example.com" "bob@example.com" }
 */
struct expected_members {
	struct place place;
	const char *table;
	GPtrArray *members; /* const char * */
};

/* Is the line one of these? If so, read it; false if it is wrong. */
bool expected_members_is(const struct configuration_line *line);
bool expected_members_read(struct expected_members *members, const struct configuration_line *line,
			   GPtrArray *errors);
void expected_members_clear(struct expected_members *members);
typedef struct expected_members expected_members_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(expected_members_auto, expected_members_clear)

/* False if the line is wrong, with a sentence added to `errors`. */
bool expectation_read(struct expectation *expectation, const struct configuration_line *line,
		      GPtrArray *errors);
void expectation_clear(struct expectation *expectation);
typedef struct expectation expectation_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(expectation_auto, expectation_clear)
/* "smime, pickup by \"patients\""; caller frees. */
char *expectation_shown(const struct expectation *expectation);

#endif
