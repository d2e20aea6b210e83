/* The commands about messages that wait for approval: postseal hold. */
#ifndef POSTSEAL_ADMIN_APPROVAL_H
#define POSTSEAL_ADMIN_APPROVAL_H

#include "admin/command.h"

extern const struct command approval_commands[];

#endif
