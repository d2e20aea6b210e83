/*
 * postseal policy test: whether the rules say what an admin expects of them.
 */
#ifndef POSTSEAL_ADMIN_POLICY_TEST_H
#define POSTSEAL_ADMIN_POLICY_TEST_H

#include "admin/command.h"

int policy_test(const struct admin *admin, int argc, char **argv);

#endif
