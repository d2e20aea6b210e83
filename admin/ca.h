/* The part of postseal(8) that is about the company's own authority. */
#ifndef POSTSEAL_ADMIN_CA_H
#define POSTSEAL_ADMIN_CA_H

#include "admin/command.h"

extern const struct command ca_commands[]; /* ends with NULL words */

#endif
