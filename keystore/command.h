/* The part of postseal(8) that is about keys. */
#ifndef POSTSEAL_KEYSTORE_COMMAND_H
#define POSTSEAL_KEYSTORE_COMMAND_H

#include "core/command.h"

extern const struct command keystore_commands[]; /* ends with NULL words */

#endif
