/*
 * The tables that contrib/postfix/wire makes, which the settings of Postfix name: what they are for
 * depends on their content.
 */
#ifndef POSTSEAL_ADMIN_CHECK_WIRED_TABLES_H
#define POSTSEAL_ADMIN_CHECK_WIRED_TABLES_H

#include "admin/check/check.h"

/* Are they all there, can nobody else change them, and does each answer as it was made? */
bool wired_tables_check(const struct check *check, struct fault *fault);

#endif
