/*
 * What became of a probe that waits in the portal: its notice, the unlock code, and the page that
 * the link leads to; and its end.
 */
#ifndef POSTSEAL_ADMIN_CHECK_PARKED_H
#define POSTSEAL_ADMIN_CHECK_PARKED_H

#include "admin/check/check.h"

enum progress { WAITS, PASSED, UNKNOWN, FAILED };

struct parked {
	const struct check *check;
	const char *message; /* its identifier in the log */
};

/* Each appends to `said` what it found. */

/* Has the next hop taken it? */
enum progress parked_notice(const struct parked *parked, GString *said);
/* The same for the mail with the code, if one is needed. */
enum progress parked_code(const struct parked *parked, GString *said);
/* Does the page that links in notices lead to ask for the code? UNKNOWN if `portal url` cannot be
 * reached from here. */
enum progress parked_page(const struct parked *parked, GString *said);
/* Recalls it. */
enum progress parked_take_back(const struct parked *parked, GString *said);

#endif
