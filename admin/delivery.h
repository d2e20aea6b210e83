/*
 * The part of postseal(8) that tells what would become of a message, and what waits:
 * `policy explain`, `outbox list`.
 */
#ifndef POSTSEAL_ADMIN_DELIVERY_H
#define POSTSEAL_ADMIN_DELIVERY_H

#include "admin/command.h"

extern const struct command delivery_commands[];

#endif
