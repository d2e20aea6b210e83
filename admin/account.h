/* The part of postseal(8) that is about portal accounts. */
#ifndef POSTSEAL_ADMIN_ACCOUNT_H
#define POSTSEAL_ADMIN_ACCOUNT_H

#include "admin/command.h"

extern const struct command account_commands[]; /* ends with NULL words */

#endif
