/* The part of postseal(8) that is about keys. */
#ifndef POSTSEAL_ADMIN_KEY_H
#define POSTSEAL_ADMIN_KEY_H

#include "admin/command.h"

extern const struct command keystore_commands[]; /* ends with NULL words */

#endif
