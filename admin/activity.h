/*
 * What people did to keys, trust, accounts and waiting messages, and everything on record about one
 * person.
 */
#ifndef POSTSEAL_ADMIN_ACTIVITY_H
#define POSTSEAL_ADMIN_ACTIVITY_H

#include "admin/command.h"

extern const struct command activity_commands[];

#endif
