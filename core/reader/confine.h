/*
 * What a process gives up before it handles untrusted bytes. Afterwards it can compute, use memory
 * up to a limit, and communicate over its standard input; any other system call ends it.
 */
#ifndef POSTSEAL_CORE_READER_CONFINE_H
#define POSTSEAL_CORE_READER_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/* `memory_max`: bytes of addresses, also those of programs and libraries. `tries_files`: the parser
 * does without files that it cannot open, so that trying does not end the process. False, with
 * errno set: something could not be given up. Then nothing must be read. */
bool confine(size_t memory_max, bool tries_files);

#endif
