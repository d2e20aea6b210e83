/*
 * System programs that setup runs: useradd(8), systemctl(1), postfix(1), wire.
 */
#ifndef POSTSEAL_ADMIN_SETUP_PROGRAM_H
#define POSTSEAL_ADMIN_SETUP_PROGRAM_H

#include <stdbool.h>

#include "core/fault.h"

/* Words end with NULL; the first is looked up in PATH. If the program fails, the fault has its last
 * line of output. */
bool program_run(const char *const *words, struct fault *fault);
/* The same; *output_r is the program's standard output. Caller frees. */
bool program_read(const char *const *words, char **output_r, struct fault *fault);
/* Does it exit with status 0? Its output is ignored. */
bool program_agrees(const char *const *words);

#endif
