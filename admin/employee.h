/* The part of postseal(8) that is about employees who leave. */
#ifndef POSTSEAL_ADMIN_EMPLOYEE_H
#define POSTSEAL_ADMIN_EMPLOYEE_H

#include "admin/command.h"

extern const struct command employee_commands[]; /* ends with NULL words */

#endif
