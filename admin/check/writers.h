/*
 * Who may change the rules: whoever writes to postseal.conf, or to a table that it names.
 */
#ifndef POSTSEAL_ADMIN_CHECK_WRITERS_H
#define POSTSEAL_ADMIN_CHECK_WRITERS_H

#include "admin/check/check.h"

/* False if anybody may. */
bool writers_check(const struct check *check, struct fault *fault);

#endif
