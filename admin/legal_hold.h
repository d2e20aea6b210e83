/* Legal matters for which nothing is deleted: holds are stated, listed, released: postseal
 * legal-hold. */
#ifndef POSTSEAL_ADMIN_LEGAL_HOLD_H
#define POSTSEAL_ADMIN_LEGAL_HOLD_H

#include "admin/command.h"

extern const struct command legal_hold_commands[];

#endif
