/* The part of postseal(8) that is about messages waiting for their recipients. */
#ifndef POSTSEAL_ADMIN_WAITING_H
#define POSTSEAL_ADMIN_WAITING_H

#include "admin/command.h"

extern const struct command waiting_commands[]; /* ends with NULL words */

#endif
