/*
 * The part of postseal(8) that looks whether everything the milter needs is there:
 * `check`.
 */
#ifndef POSTSEAL_ADMIN_CHECK_H
#define POSTSEAL_ADMIN_CHECK_H

#include "admin/command.h"

extern const struct command check_commands[];

#endif
