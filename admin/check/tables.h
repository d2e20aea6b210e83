/*
 * Postfix tables that redirect messages, header_checks(5) and access(5): REDIRECT replaces the
 * recipients, BCC adds one, FILTER replaces content_filter.
 */
#ifndef POSTSEAL_ADMIN_CHECK_TABLES_H
#define POSTSEAL_ADMIN_CHECK_TABLES_H

#include "admin/check/check.h"

/* Is the service one that wire created? Its settings apply to mail that has already been decided
 * on. */
bool tables_is_ours(const struct check *check, const char *setting);

enum tables {
	TABLES_ALL,
	TABLES_OF_CONTENT, /* header_checks(5) alone: of what these redirect, no milter hears */
};

/* Looks through all settings in main.cf and master.cf that name such tables, inline or in files.
 * False, with the fault filled, if a table contains one of the actions ("BCC|REDIRECT"); `why`
 * completes its sentence. Tables that cannot be read are added to `unknown`. */
bool tables_check(const struct check *check, enum tables which, const char *actions,
		  const char *why, GString *unknown, struct fault *fault);

/* Tells the doubt about tables that could not be read, if there are any. `actions`: what they may
 * have, "BCC or REDIRECT". */
void tables_warn(const struct check *check, const char *actions, const GString *unknown);

/* Do all tables of header_checks leave this line of a header alone? They are asked (postmap -q). */
bool tables_keep(const struct check *check, const char *line, struct fault *fault);

/* What the table answers for the key, or NULL. Caller frees. */
char *tables_ask(const char *table, const char *key);

#endif
