/*
 * The part of postseal(8) that shows and revokes statements about the owners of keys and accounts:
 * `trust show`, `trust revoke`.
 */
#ifndef POSTSEAL_ADMIN_TRUST_H
#define POSTSEAL_ADMIN_TRUST_H

#include "admin/command.h"

extern const struct command trust_commands[];

#endif
