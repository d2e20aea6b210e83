/* Why mail is, or was, handled the way it is: each rule and each method that was tried, and its
 * result. */
#ifndef POSTSEAL_ADMIN_EXPLAIN_H
#define POSTSEAL_ADMIN_EXPLAIN_H

#include "admin/command.h"

extern const struct command explain_commands[]; /* ends with NULL words */

/* Rows of {recipient, method, reason, line, rule, keys, trace}, if the log has a trace
 * (delivery/plan.h: copy_trace()). */
report_form explain_print;

#endif
