/* Legal matters for which nothing is deleted: holds are stated, listed, released. */
#ifndef POSTSEAL_ADMIN_HOLD_H
#define POSTSEAL_ADMIN_HOLD_H

#include "admin/command.h"

extern const struct command hold_commands[];

#endif
