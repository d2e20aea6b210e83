/*
 * The part of postseal(8) that queries the log: `message list`, `message show`.
 */
#ifndef POSTSEAL_ADMIN_MESSAGE_H
#define POSTSEAL_ADMIN_MESSAGE_H

#include "admin/command.h"

extern const struct command audit_commands[];

#endif
