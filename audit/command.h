/*
 * The part of postseal(8) that looks into the log: `message list`, `message show`.
 */
#ifndef POSTSEAL_AUDIT_COMMAND_H
#define POSTSEAL_AUDIT_COMMAND_H

#include "core/command.h"

extern const struct command audit_commands[];

#endif
