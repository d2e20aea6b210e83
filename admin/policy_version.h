/* The policies that were in force: which, when, what changed, and who declared that it was to. */
#ifndef POSTSEAL_ADMIN_POLICY_VERSION_H
#define POSTSEAL_ADMIN_POLICY_VERSION_H

#include "admin/command.h"

extern const struct command policy_version_commands[];

#endif
