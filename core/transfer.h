/*
 * Transfers a fixed number of bytes over a stream socket between our own programs. Needs no
 * library, for programs that are kept small.
 */
#ifndef POSTSEAL_CORE_TRANSFER_H
#define POSTSEAL_CORE_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRANSFER_FOREVER INT64_MAX

/* Both wait until everything has been transferred, at most until `until` (CLOCK_MONOTONIC,
 * microseconds). They return false, with errno set, when the other end is gone or too slow
 * (ETIMEDOUT). */
bool transfer_send(int socket, const void *data, size_t length, int64_t until);
bool transfer_receive(int socket, void *data, size_t length, int64_t until);

#endif
