/* The part of postseal(8) about the accounts of the portal. */
#ifndef POSTSEAL_ADMIN_ACCOUNT_H
#define POSTSEAL_ADMIN_ACCOUNT_H

#include "admin/command.h"

extern const struct command account_commands[]; /* ends with NULL words */

#endif
