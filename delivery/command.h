/*
 * The part of postseal(8) that tells what would become of a message, and what waits:
 * `policy explain`, `outbox list`.
 */
#ifndef POSTSEAL_DELIVERY_COMMAND_H
#define POSTSEAL_DELIVERY_COMMAND_H

#include "core/command.h"

extern const struct command delivery_commands[];

#endif
