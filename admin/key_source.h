/* Commands about where keys come from: asking the network, what it said, what contradicts. */
#ifndef POSTSEAL_ADMIN_KEY_SOURCE_H
#define POSTSEAL_ADMIN_KEY_SOURCE_H

#include "admin/command.h"

extern const struct command key_source_commands[];

#endif
