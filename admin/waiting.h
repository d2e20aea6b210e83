/* The part of postseal(8) that is about messages waiting for their recipients. */
#ifndef POSTSEAL_ADMIN_WAITING_H
#define POSTSEAL_ADMIN_WAITING_H

#include "admin/command.h"

/* Recalls what a message has waiting unread, on record as `message recall`, and says how many
 * copies that were. It changes the database, even for a command that otherwise only reads. */
bool waiting_recall(const struct admin *admin, const char *message, unsigned *count_r,
		    struct fault *fault);

extern const struct command waiting_commands[]; /* ends with NULL words */

#endif
