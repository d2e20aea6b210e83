/*
 * The part of postseal(8) that prepares the installation: `setup`, and two of its steps as
 * commands of their own, `database init` and `secrets init`.
 */
#ifndef POSTSEAL_ADMIN_SETUP_SETUP_H
#define POSTSEAL_ADMIN_SETUP_SETUP_H

#include "admin/command.h"

extern const struct command setup_commands[];

/* init.c */
int init_database(const struct admin *admin, int argc, char **argv);
int init_secrets(const struct admin *admin, int argc, char **argv);

#endif
