/* The part of postseal(8) that queries the log of messages. */
#ifndef POSTSEAL_ADMIN_MESSAGE_H
#define POSTSEAL_ADMIN_MESSAGE_H

#include "admin/command.h"
#include "core/identifier.h"

extern const struct command message_commands[]; /* ends with NULL words */

/* Reads a message identifier; if it is not one, says so. */
bool message_named(struct identifier *id_r, const char *text);

#endif
