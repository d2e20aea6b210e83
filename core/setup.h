/*
 * The part of postseal(8) that makes the ground ready: `database init`, `secrets init`.
 */
#ifndef POSTSEAL_CORE_SETUP_H
#define POSTSEAL_CORE_SETUP_H

#include "core/command.h"

extern const struct command setup_commands[];

#endif
