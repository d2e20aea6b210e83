/* What is the matter with keys, before mail starts to wait for it: `postseal key report`. */
#ifndef POSTSEAL_ADMIN_KEY_REPORT_H
#define POSTSEAL_ADMIN_KEY_REPORT_H

#include "admin/command.h"

extern const struct command key_report_commands[];

#endif
