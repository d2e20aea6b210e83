/*
 * The part of postseal(8) that shows what would happen to a message, and what is waiting:
 * `policy explain`, `outbox list`.
 */
#ifndef POSTSEAL_ADMIN_DELIVERY_H
#define POSTSEAL_ADMIN_DELIVERY_H

#include "admin/command.h"

extern const struct command delivery_commands[];

#endif
