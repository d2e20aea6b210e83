/*
 * The part of postseal(8) about trust: who states whose a key is, what follows for a sender, and
 * the admin's own statements.
 */
#ifndef POSTSEAL_ADMIN_TRUST_H
#define POSTSEAL_ADMIN_TRUST_H

#include "admin/command.h"
#include "keystore/keystore.h"

extern const struct command trust_commands[];

/* The command `trust why` (trust_why.c). */
int trust_why(const struct admin *admin, int argc, char **argv);

#endif
