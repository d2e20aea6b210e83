/* Why mail goes, or went, the way it does: each rule and each method that was asked, and its
 * answer. */
#ifndef POSTSEAL_ADMIN_EXPLAIN_H
#define POSTSEAL_ADMIN_EXPLAIN_H

#include "admin/command.h"

extern const struct command explain_commands[]; /* ends with NULL words */

/* Rows of {recipient, method, reason, line, rule, keys, trace}, as the log has a trace
 * (delivery/plan.h: copy_trace()). */
report_form explain_print;

#endif
