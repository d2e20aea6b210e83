/*
 * The part of postseal(8) that prepares the installation: `database init`, `secrets init`.
 */
#ifndef POSTSEAL_ADMIN_SETUP_H
#define POSTSEAL_ADMIN_SETUP_H

#include "admin/command.h"

extern const struct command setup_commands[];

#endif
