/*
 * What a process gives up before it looks at bytes of strangers. Afterwards it can compute, have
 * memory up to a limit, and speak over its standard input; any other system call ends it.
 */
#ifndef POSTSEAL_CORE_READER_CONFINE_H
#define POSTSEAL_CORE_READER_CONFINE_H

#include <stdbool.h>

/* False, with errno set: something could not be given up. Then nothing must be read. */
bool confine(void);

#endif
