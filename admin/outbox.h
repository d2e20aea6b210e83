/* The part of postseal(8) that is about mail waiting to be handed to the MTA. */
#ifndef POSTSEAL_ADMIN_OUTBOX_H
#define POSTSEAL_ADMIN_OUTBOX_H

#include "admin/command.h"

extern const struct command outbox_commands[]; /* ends with NULL words */

#endif
