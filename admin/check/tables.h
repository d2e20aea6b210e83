/*
 * Tables of Postfix that lead a message elsewhere, header_checks(5) and access(5): REDIRECT takes
 * the place of its recipients, BCC adds one, FILTER takes the place of content_filter.
 */
#ifndef POSTSEAL_ADMIN_CHECK_TABLES_H
#define POSTSEAL_ADMIN_CHECK_TABLES_H

#include "admin/check/check.h"

/* Of a service that wire made: its settings concern what has been decided on. */
bool tables_is_ours(const struct check *check, const char *setting);

enum tables {
	TABLES_ALL,
	TABLES_OF_CONTENT, /* header_checks(5) alone: of what these redirect, no milter hears */
};

/* Looks through all settings of main.cf and master.cf that name such tables, inline or in files.
 * False, and the fault filled, where one has one of the actions ("BCC|REDIRECT"); `why` ends its
 * sentence. What cannot be read is added to `unknown`. */
bool tables_check(const struct check *check, enum tables which, const char *actions,
		  const char *why, GString *unknown, struct fault *fault);

/* Do all tables of header_checks leave this line of a header alone? They are asked (postmap -q). */
bool tables_keep(const struct check *check, const char *line, struct fault *fault);

#endif
